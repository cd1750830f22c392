"""An HTTP server on loopback that stands in front of a function, as a Function URL does.

It turns each request into an event, has it invoked, and turns the result into the
response. How a function is invoked is its caller's affair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from ferryman.core.build.target import Address
from ferryman.targets.lambda_.gateway import http_v2
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("Invoke", "start_gateway")

Invoke = Callable[[dict[str, Any]], Awaitable[object]]
"""Invokes the function with an event and returns its result."""

# API Gateway takes 10,240 bytes of headers and a payload of 6 MB; the rest is refused by
# whoever invokes. The gateway must not be the narrower one.
_HEADER_BYTES = 65536
_BODY_BYTES = 64 * 1024 * 1024

_NOT_PASSED_ON = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "expect", "upgrade", "proxy-connection"}
)


async def start_gateway(invoke: Invoke, address: Address) -> web.ServerRunner:
    """Listen at an address until the runner that is returned is cleaned up.

    Raises:
        OSError: The address cannot be listened at.
    """

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return _reply(request, http_v2.decode_result(await invoke(await _event(request))))

    server = web.Server(
        handle,
        access_log=None,
        auto_decompress=False,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
    )
    runner = web.ServerRunner(server)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


async def _event(request: web.BaseRequest) -> dict[str, Any]:
    headers = [
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in _NOT_PASSED_ON
    ]
    # A Function URL adds these itself.
    headers += [("x-forwarded-proto", request.scheme), ("x-forwarded-for", request.remote or "")]
    return http_v2.encode_request(
        HttpRequest(
            method=request.method,
            target=request.raw_path,
            headers=tuple(headers),
            body=await request.clone(client_max_size=_BODY_BYTES).read(),
            scheme=request.scheme,
            remote=request.remote,
        )
    )


def _reply(request: web.BaseRequest, response: HttpResponse) -> web.StreamResponse:
    reply = web.Response(status=response.status, body=response.body)
    reply.headers.clear()
    for name, value in response.headers:
        if name.lower() != hdrs.CONTENT_LENGTH.lower() or request.method == hdrs.METH_HEAD:
            reply.headers.add(name, value)
    return reply
