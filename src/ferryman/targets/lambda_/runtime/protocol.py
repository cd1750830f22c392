"""aiohttp's own protocol object, with a request's body fed to it from memory.

It stands where a connection's protocol would, and knows neither events nor responses.
One serves one request at a time, and is used again for the next.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.http_parser import DeflateBuffer
from aiohttp.streams import StreamReader

from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.transport import InProcessTransport

__all__ = ("InProcessProtocol",)

# What a body's reader holds before it asks for a pause: what aiohttp's server uses.
_READ_BUFFER = 2**18


class InProcessProtocol(web.RequestHandler):
    """Runs a request as it would run one that came over a connection.

    Args:
        server: The server of the application's runner.
        loop: The loop it runs on.
        read_bufsize: What a body's reader holds before it asks for a pause, in bytes.
        auto_decompress: Whether a compressed body is unpacked.
        **settings: The other settings of aiohttp's protocol.
    """

    # For a connection aiohttp asks the transport once and remembers; here every request
    # has a transport of its own.
    __slots__ = (
        "_auto_decompress",
        "_body",
        "_connection",
        "_held",
        "_reader_limit",
        "logs_access",
        "peername",
        "ssl_context",
    )

    sockname: Any = None

    def __init__(
        self,
        server: web.Server,
        loop: asyncio.AbstractEventLoop,
        *,
        read_bufsize: int = _READ_BUFFER,
        auto_decompress: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__(server, loop=loop, **settings)
        self._reader_limit = read_bufsize
        self._auto_decompress = auto_decompress
        self._body: DeflateBuffer | None = None
        self._held = False
        self._connection = InProcessTransport()
        self.logs_access = self._logging_enabled
        """Whether somebody wants to be told of requests that were answered."""

    def open(self, remote: str | None, secure: bool) -> InProcessTransport:
        """Begin a request, from this address, by TLS or not, and return its transport."""
        connection = self._connection
        if connection.closed:
            connection = self._connection = InProcessTransport()
        self.transport = connection
        connection.peername = self.peername = (remote, 0) if remote else None
        # aiohttp takes any context at all for a sign of TLS.
        connection.ssl_context = self.ssl_context = secure or None  # type: ignore[assignment]
        self._body = None
        self._force_close = False
        return connection

    def feed_body(self, message: RawRequestMessage, request: HttpRequest) -> StreamReader:
        """Return a reader of the body, unpacked if it is compressed.

        aiohttp's parser unpacks a body before the app sees it, and so does this. One that
        was cut off on its way cannot be read, whatever limit the app has itself.
        """
        body = request.body
        payload = StreamReader(self, self._reader_limit, loop=self._loop)
        if request.cut_off:
            payload.set_exception(web.HTTPRequestEntityTooLarge(len(body)))
        elif message.compression is None or not self._auto_decompress:
            payload.feed_data(body)
            payload.feed_eof()
        else:
            self._feed_compressed(payload, message.compression, body)
        return payload

    def pause_reading(self) -> None:
        """Unpack no more for now: the reader holds enough."""
        self._held = True

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Unpack what is left: the reader has room again."""
        self._held = False
        if resume_parser and self._body is not None:
            self._unpack(b"")

    def _feed_compressed(self, payload: StreamReader, encoding: str, body: bytes) -> None:
        try:
            self._body = DeflateBuffer(payload, encoding)
            self._unpack(body)
        except ContentEncodingError as error:
            payload.set_exception(web.RequestPayloadError(str(error)), error)

    def _unpack(self, chunk: bytes) -> None:
        # A few bytes can unpack to gigabytes, so this stops when the reader is full and
        # goes on as the app reads; an app that refuses the body never pays for it.
        body = self._body
        assert body is not None
        more = body.feed_data(chunk, len(chunk))
        while more and not self._held:
            more = body.feed_data(b"", 0)
        if not more:
            self._body = None
            body.feed_eof()
