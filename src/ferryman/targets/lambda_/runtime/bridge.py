"""Feeds one request into aiohttp in this process: no socket, no second parse.

aiohttp's own protocol object runs the request, so that routing, middlewares, error
pages, `HTTPException`, compression and file responses are its own; only its two ends
are ours: the parsed request that goes in, and the writer that keeps what comes out.
It knows no events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11, RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ferryman.core.context import EVENT
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.protocol import InProcessProtocol
from ferryman.targets.lambda_.runtime.transport import CapturingWriter, InProcessTransport

__all__ = ("Bridge",)

_ENCODINGS = ("gzip", "deflate", "br", "zstd")


class Bridge:
    """Turns requests into responses by way of a started application.

    Args:
        runner: The runner, set up, on the event loop that will call `respond`.
    """

    def __init__(self, runner: web.AppRunner) -> None:
        server = runner.server
        assert server is not None
        self._server = server

    async def respond(
        self, request: HttpRequest, event: Mapping[str, object] | None = None
    ) -> HttpResponse:
        """Return the app's response to a request.

        Args:
            request: The request.
            event: The raw event behind it, for `ferryman.event`.
        """
        server = self._server
        loop = asyncio.get_running_loop()
        transport = InProcessTransport(request.remote, request.scheme == "https")
        protocol = InProcessProtocol(server, loop, transport)
        writer = CapturingWriter(protocol, loop)
        message = _message(request)
        task = asyncio.current_task()
        assert task is not None
        payload = protocol.feed_body(message, request.body)
        web_request = server.request_factory(message, payload, protocol, writer, task)
        if event is not None:
            web_request[EVENT] = event
        # The one private name we lean on: what aiohttp does with a parsed request. It
        # holds the error pages and the end of the response, which nothing public does.
        _, aborted = await protocol._handle_request(web_request, None, server.request_handler)
        if aborted:
            raise ConnectionResetError("the response came to an end before its time")
        return writer.response(request.method)


def _message(request: HttpRequest) -> RawRequestMessage:
    headers = CIMultiDict(request.headers)
    if request.body or hdrs.CONTENT_LENGTH in headers:
        headers[hdrs.CONTENT_LENGTH] = str(len(request.body))
    # The body is here whole, whatever framed it on its way to the event source.
    headers.popall(hdrs.TRANSFER_ENCODING, None)
    path, _, query = request.target.partition("?")
    encoding = headers.get(hdrs.CONTENT_ENCODING, "").lower()
    return RawRequestMessage(
        method=request.method,
        path=request.target,
        version=HttpVersion11,
        headers=CIMultiDictProxy(headers),
        raw_headers=tuple((n.encode(), v.encode()) for n, v in headers.items()),
        should_close=False,
        compression=encoding if encoding in _ENCODINGS else None,
        upgrade=False,
        chunked=False,
        url=URL.build(path=path, query_string=query, encoded=True),
    )
