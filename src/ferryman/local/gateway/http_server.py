"""An HTTP server in front of a function that imitates an event source.

It turns each request into an event, invokes the function, and turns the result into the response.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.forwarding import forward
from ferryman.local.gateway.protocol import Gateway, Refused
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.protocols import Address

__all__ = (
    "Handle",
    "Invoke",
    "admit",
    "gateway_server",
    "listen",
    "read_request",
    "read_result",
    "reply",
    "start_gateway",
)

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Answers a request."""

Invoke = Callable[[dict[str, Any]], Awaitable[object]]
"""Invokes the function with an event and returns its result."""

# `admit` checks the limits of a source. The server itself must not be stricter.
_HEADER_BYTES = 256 * 1024
_BODY_BYTES = 64 * 1024 * 1024

_OF_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "proxy-connection"})


async def start_gateway(
    invoke: Invoke, address: Address, source: str = "function-url"
) -> web.ServerRunner:
    """Listen at an address until the returned runner is cleaned up.

    Args:
        invoke: Invokes the function.
        address: Where to listen.
        source: The event source to imitate.

    Raises:
        ConfigError: There is no event source of that name.
        OSError: The address is not available.
    """
    gateway = find_gateway(source)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            event = gateway.encode_request(admit(await read_request(request), gateway))
        except Refused as refused:
            return reply(request, answer(source, refused.fault))
        return reply(request, read_result(await invoke(event), gateway))

    return await listen(handle, address)


async def listen(handle: Handle, address: Address, patience: float = 60.0) -> web.ServerRunner:
    """Listen at an address until the returned runner is cleaned up.

    Args:
        handle: Handles the requests.
        address: Where to listen.
        patience: Seconds that in-flight requests may take at shutdown. aiohttp waits twice as long.

    Raises:
        OSError: The address is not available.
    """
    runner = web.ServerRunner(gateway_server(handle), shutdown_timeout=patience)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def gateway_server(handle: Handle) -> web.Server:
    """Return a server with the limits of the most generous event source."""
    return web.Server(
        handle,
        access_log=None,
        auto_decompress=False,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
    )


async def read_request(request: web.BaseRequest, *, upgrades: bool = False) -> HttpRequest:
    """Return a received request as the value that gateways encode.

    Args:
        request: The request.
        upgrades: Whether to keep the Upgrade header, which no event source does.
    """
    dropped = _OF_CONNECTION if upgrades else _OF_CONNECTION | {"upgrade"}
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        # The client sends its body only after 100 Continue.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return HttpRequest(
        method=request.method,
        target=_origin_form(request.raw_path),
        fields=tuple([pair for pair in request.headers.items() if pair[0].lower() not in dropped]),
        body=await request.clone(client_max_size=_BODY_BYTES).read(),
        scheme=request.scheme,
        remote=request.remote,
    )


def _origin_form(target: str) -> str:
    """Return a target without the scheme and host that a client sends to a proxy."""
    scheme, separator, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if separator and scheme.isalpha() else target


def admit(request: HttpRequest, gateway: Gateway) -> HttpRequest:
    """Return a request as the source passes it to the function.

    Raises:
        Refused: The request is larger than the source accepts.
    """
    limits = gateway.limits
    if len(request.body) > limits.request_body:
        raise Refused(Fault.TOO_LARGE)
    size = sum(len(name) + len(value) for name, value in request.headers)
    if limits.headers is not None and size > limits.headers:
        raise Refused(Fault.HEADERS)
    return forward(request, gateway.forwards)


def read_result(result: object, gateway: Gateway) -> HttpResponse:
    """Return the response in a result, or the source's own response if it refuses the result."""
    response = gateway.decode_result(result)
    # A client would wait for a final response after an interim one.
    if response.status < 200 or len(response.body) > gateway.limits.response_body:
        return answer(gateway.name, Fault.UNREADABLE)
    return response


def reply(request: web.BaseRequest, response: HttpResponse) -> web.StreamResponse:
    """Return the aiohttp response to send."""
    answer = web.Response(status=response.status, body=response.body)
    answer.headers.clear()
    for name, value in response.headers:
        if name.lower() != hdrs.CONTENT_LENGTH.lower() or request.method == hdrs.METH_HEAD:
            answer.headers.add(name, value)
    return answer
