"""Feeds one request into aiohttp in this process: no socket, no second parse.

aiohttp's own protocol object runs the request, so routing, middlewares, error pages,
`HTTPException`, compression and file responses are aiohttp's. Only the parsed request that goes in
and the writer that keeps the response are ours. It knows no events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TypeAlias

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDict, CIMultiDictProxy, istr
from yarl import URL

from ferryman.core.context import EVENT, follow_trace
from ferryman.core.static_files import compare_dates_exactly
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.protocol import (
    CapturingWriter,
    InProcessProtocol,
    InProcessTransport,
)
from ferryman.targets.lambda_.runtime.streaming import MakePrelude, ResponseStream

__all__ = ("Bridge",)

MakeWriter: TypeAlias = Callable[
    [InProcessProtocol, asyncio.AbstractEventLoop, InProcessTransport, bool], CapturingWriter
]

# W3C Trace Context.
_TRACEPARENT = istr("traceparent")
_ENCODINGS = ("gzip", "deflate", "br", "zstd")


class Bridge:
    """Turns requests into responses with a started application.

    Args:
        runner: The runner, set up.
        loop: The event loop of the runner, which must run `respond`.
    """

    def __init__(self, runner: web.AppRunner, loop: asyncio.AbstractEventLoop) -> None:
        server = runner.server
        assert server is not None
        self.app = runner.app
        """The application."""
        self._server = server
        self._make_request = server.request_factory
        self._loop = loop
        # Creating a protocol costs as much as routing a request, so idle ones are reused. Their
        # number is the highest number of requests in flight so far.
        self._idle: list[InProcessProtocol] = []

    async def respond(
        self,
        request: HttpRequest,
        event: Mapping[str, object] | None = None,
        make_writer: MakeWriter = CapturingWriter,
    ) -> HttpResponse:
        """Return the app's response to a request, with the parts that its writer kept.

        Args:
            request: The request.
            event: The raw event, for `ferryman.event`.
            make_writer: Creates the writer, from the arguments of `CapturingWriter`.

        Raises:
            ConnectionResetError: The response is incomplete.
            Exception: The response must not be sent to a client.
        """
        method, target, fields, body, scheme, remote, cut_off = request
        loop, server, make_request = self._loop, self._server, self._make_request
        protocol = self._idle.pop() if self._idle else self._protocol()
        connection = protocol.open(remote, scheme == "https")
        writer = make_writer(protocol, loop, connection, method == "HEAD")
        message = _message(method, target, fields, None if cut_off else len(body))
        payload = protocol.feed_body(message, request) if body or cut_off else EMPTY_PAYLOAD
        task = asyncio.current_task(loop)
        assert task is not None
        server.requests_count += 1
        web_request = make_request(message, payload, protocol, writer, task)
        if event is not None:
            # A private name: the public way checks the key.
            web_request._state[EVENT] = event
        began = loop.time() if protocol.logs_access else None
        # A private name: aiohttp's handling of a parsed request, with error pages and the end of
        # the response. It has no public counterpart.
        _, aborted = await protocol._handle_request(web_request, began, server.request_handler)
        if aborted:
            raise ConnectionResetError("the response came to an end before its time")
        self._idle.append(protocol)
        return writer.response()

    async def stream(
        self,
        request: HttpRequest,
        event: Mapping[str, object] | None,
        stream: ResponseStream,
        prelude: MakePrelude,
    ) -> None:
        """Send the app's response to a request while the app writes it.

        Args:
            request: The request.
            event: The raw event, for `ferryman.event`.
            stream: The stream to send it to.
            prelude: Makes the prelude from status and headers.

        Raises:
            ConnectionResetError: The response is incomplete.
            Exception: The response must not be sent to a client.
        """
        # Few functions stream, and each import lengthens a cold start.
        from ferryman.targets.lambda_.runtime.streaming_writer import StreamingWriter

        await self.respond(request, event, partial(StreamingWriter, stream=stream, prelude=prelude))

    def _protocol(self) -> InProcessProtocol:
        # The settings are the app's `handler_args` and those of its runner.
        return InProcessProtocol(self._server, self._loop, **self._server._kwargs)


class _Message(RawRequestMessage):
    """A parsed request that creates its raw headers on demand, because few apps read them."""

    __slots__ = ()

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers as bytes, as they would have come over a connection."""
        return tuple([(name.encode(), value.encode()) for name, value in self.headers.items()])


def _message(
    method: str,
    target: str,
    fields: Mapping[str, str] | tuple[tuple[str, str], ...],
    length: int | None,
) -> RawRequestMessage:
    headers = CIMultiDict(fields)
    encoding = None
    if length or hdrs.CONTENT_LENGTH in headers:
        if length is not None:
            headers[hdrs.CONTENT_LENGTH] = str(length)
        encoding = headers.get(hdrs.CONTENT_ENCODING, "").lower()
        if encoding not in _ENCODINGS:
            encoding = None
    if hdrs.TRANSFER_ENCODING in headers:
        # The event source has sent the whole body, whatever its transfer coding was.
        del headers[hdrs.TRANSFER_ENCODING]
    if hdrs.IF_MODIFIED_SINCE in headers:
        compare_dates_exactly()
    if _TRACEPARENT in headers:
        follow_trace(headers[_TRACEPARENT])
    return _Message(
        method,
        target,
        HttpVersion11,
        CIMultiDictProxy(headers),
        (),
        False,  # not the last of its connection
        encoding,
        False,  # no upgrade
        False,  # not chunked
        _known_url(target) if len(target) <= _KNOWN_LENGTH else _url(target),
    )


def _url(target: str) -> URL:
    path, _, query = target.partition("?")
    return URL.build(path=path, query_string=query, encoded=True)


# The same URLs return often. A URL is immutable, and keeps its parsed path and query.
_known_url = lru_cache(maxsize=256)(_url)
_KNOWN_LENGTH = 256
