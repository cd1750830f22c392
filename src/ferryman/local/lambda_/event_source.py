"""An event source in front of a local function: HTTP in, HTTP out, its limits and its errors.

It also takes plain invocations, at the path of Lambda's own API, as the SDKs send them.
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
"""Makes the answer to a request of why no environment started."""

# Event sources that can pass a response on while it is produced.
_STREAMING = frozenset(source.name for source in SOURCES if source.streams)
# What the environment says went wrong, where it is not that the function failed; and what
# Lambda's own API answers to that ("Invoke", Lambda API reference).
_FAULTS = {THROTTLED: Fault.THROTTLED, REQUEST_TOO_LARGE: Fault.TOO_LARGE}
_REFUSALS = {THROTTLED: 429, REQUEST_TOO_LARGE: 413}
_INVOKE = "/2015-03-31/functions/"
PATIENCE = 1.5
"""Seconds that requests in flight get at the end."""


class Front:
    """Answers each request by way of a function.

    Args:
        function: The function.
        gateway: The event source it stands for.
        explain: What a client is shown of an environment that did not start; None for what
            the event source shows.
    """

    def __init__(
        self, function: LocalFunction, gateway: Gateway, explain: Explain | None = None
    ) -> None:
        self._explain = explain
        self._function = function
        self._gateway = gateway
        # A domain of its own on AWS; here it can be told by what it alone is asked for.
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
                return await _pass_on(request, outcome, gateway)
            await outcome.stream.read()
            # It gets head and body in one piece, which is not a result.
            return reply(request, answer(gateway.name, Fault.UNREADABLE))
        # Where no environment came to be, there is no invocation to have an id.
        unborn = outcome.fault == INIT or (outcome.fault == TIMEOUT and outcome.request_id == "-")
        if self._explain and unborn:
            return self._explain(request, outcome)
        if outcome.fault is not None:
            fault = _FAULTS.get(outcome.fault, Fault.FAILED)
            return reply(request, answer(gateway.name, fault))
        return reply(request, read_result(outcome.document(), gateway))

    async def _invoke(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a plain invocation, as the API of Lambda does."""
        message = await read_request(request)
        outcome = await self._function.invoke(message.body or b"{}")
        payload = await outcome.stream.read() if outcome.stream else outcome.payload
        if outcome.fault in _REFUSALS:
            return web.Response(status=_REFUSALS[outcome.fault], body=payload)
        headers = {"X-Amz-Executed-Version": "$LATEST", "X-Amzn-RequestId": outcome.request_id}
        if outcome.fault is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return web.Response(body=payload, headers=headers, content_type="application/json")


async def _pass_on(
    request: web.BaseRequest, outcome: Outcome, gateway: Gateway
) -> web.StreamResponse:
    """Send a response while the function produces it."""
    stream = outcome.stream
    assert stream is not None
    head = read_result({"statusCode": 200, **(outcome.prelude or {}), "body": ""}, gateway)
    if head.body:
        # The source's own answer: the prelude cannot be read.
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
        # The end of the body must not look like one.
        request.transport.abort()
        return response
    await response.write_eof()
    return response


async def start_front(
    function: LocalFunction, address: Address, source: str = "function-url"
) -> web.ServerRunner:
    """Listen at an address until the runner that is returned is cleaned up.

    Args:
        function: What answers.
        address: Where to listen.
        source: The event source to stand for.

    Raises:
        ConfigError: There is no event source of that name.
        OSError: The address cannot be listened at.
    """
    return await listen(Front(function, find_gateway(source)).handle, address, PATIENCE)
