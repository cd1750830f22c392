"""An event source in front of a local function: serves HTTP with the source's limits and errors.

It also takes plain invocations at the path of Lambda's own API, as the SDKs send them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.http_server import admit, listen, read_request, read_result, reply
from ferryman.local.gateway.protocol import Gateway, Refused
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.outcome import (
    INIT,
    REQUEST_TOO_LARGE,
    THROTTLED,
    TIMEOUT,
    Outcome,
)
from ferryman.local.lambda_.socket_api import MANAGEMENT, SocketApi, is_upgrade
from ferryman.targets.lambda_.runtime.events import SOURCES
from ferryman.targets.protocols import Address

__all__ = ("PATIENCE", "Explain", "Front", "start_front")

Explain = Callable[[web.BaseRequest, Outcome], web.Response]
"""Returns the response to a request for which no environment could start."""

# Event sources that support streamed responses.
_STREAMING = frozenset(source.name for source in SOURCES if source.streams)
# Faults other than a failed function, and the status of Lambda's own API for each ("Invoke", Lambda
# API reference).
_FAULTS = {THROTTLED: Fault.THROTTLED, REQUEST_TOO_LARGE: Fault.TOO_LARGE}
_REFUSALS = {THROTTLED: 429, REQUEST_TOO_LARGE: 413}
_INVOKE = "/2015-03-31/functions/"
PATIENCE = 1.5
"""Seconds that in-flight requests may take at a shutdown."""


class Front:
    """Answers requests with a function.

    Args:
        function: The function.
        gateway: The event source to imitate.
        explain: Returns the response if no environment could start; None for the event source's
            own response.
    """

    def __init__(
        self, function: LocalFunction, gateway: Gateway, explain: Explain | None = None
    ) -> None:
        self._explain = explain
        self._function = function
        self._gateway = gateway
        # On AWS it has its own domain. Here only it serves upgrades and @connections.
        self._sockets = SocketApi(function)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the response to a request."""
        if request.method == "POST" and request.path.startswith(_INVOKE):
            return await self._invoke(request)
        if is_upgrade(request):
            return await self._sockets.serve(request)
        if request.path.startswith(MANAGEMENT):
            return await self._sockets.manage(request)
        gateway = self._gateway
        try:
            event = gateway.encode_request(admit(await read_request(request), gateway))
        except Refused as refused:
            return reply(request, answer(gateway.name, refused.fault))
        work = self._function.invoke(json.dumps(event).encode())
        try:
            outcome = await asyncio.wait_for(work, gateway.limits.seconds)
        except TimeoutError:
            return reply(request, answer(gateway.name, Fault.SLOW))
        return await self._answer(request, outcome)

    async def _answer(self, request: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
        gateway = self._gateway
        if outcome.stream is not None:
            if gateway.name in _STREAMING:
                return await _stream(request, outcome, gateway)
            await outcome.stream.read()
            # Without streaming, the source receives the prelude and the body as one unreadable
            # result.
            return reply(request, answer(gateway.name, Fault.UNREADABLE))
        # If no environment started, there is no invocation, and so no id.
        unstarted = outcome.fault == INIT or (
            outcome.fault == TIMEOUT and outcome.request_id == "-"
        )
        if self._explain and unstarted:
            return self._explain(request, outcome)
        if outcome.fault is not None:
            fault = _FAULTS.get(outcome.fault, Fault.FAILED)
            return reply(request, answer(gateway.name, fault))
        return reply(request, read_result(outcome.document(), gateway))

    async def _invoke(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a plain invocation, as Lambda's API does."""
        message = await read_request(request)
        outcome = await self._function.invoke(message.body or b"{}")
        payload = await outcome.stream.read() if outcome.stream else outcome.payload
        if outcome.fault in _REFUSALS:
            return web.Response(status=_REFUSALS[outcome.fault], body=payload)
        headers = {"X-Amz-Executed-Version": "$LATEST", "X-Amzn-RequestId": outcome.request_id}
        if outcome.fault is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return web.Response(body=payload, headers=headers, content_type="application/json")


async def _stream(
    request: web.BaseRequest, outcome: Outcome, gateway: Gateway
) -> web.StreamResponse:
    """Send a response while the function writes it."""
    stream = outcome.stream
    assert stream is not None
    head = read_result({"statusCode": 200, **(outcome.prelude or {}), "body": ""}, gateway)
    if head.body:
        # The prelude is unreadable, so this is the source's own response.
        stream.abandon()
        return reply(request, head)
    response = web.StreamResponse(status=head.status)
    for name, value in head.headers:
        if name not in ("content-length", "transfer-encoding", "connection"):
            response.headers.add(name, value)
    try:
        await response.prepare(request)
        async for piece in stream:
            await response.write(piece)
    except (ConnectionError, asyncio.CancelledError):
        stream.abandon()
        raise
    if stream.broken and request.transport is not None:
        # The client must see that the body is incomplete.
        request.transport.abort()
        return response
    await response.write_eof()
    return response


async def start_front(
    function: LocalFunction, address: Address, source: str = "function-url"
) -> web.ServerRunner:
    """Listen at an address until the caller cleans up the returned runner.

    Args:
        function: Answers the requests.
        address: Where to listen.
        source: The event source to imitate.

    Raises:
        ConfigError: There is no event source of that name.
        OSError: The address cannot be listened at.
    """
    return await listen(Front(function, find_gateway(source)).handle, address, PATIENCE)
