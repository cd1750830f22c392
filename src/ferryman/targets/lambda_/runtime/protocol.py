"""aiohttp's own protocol object, which receives a request's body from memory.

It knows neither events nor responses. An object serves one request at a time, and serves further
requests after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.http_parser import DeflateBuffer
from aiohttp.streams import StreamReader

from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.transport import InProcessTransport

__all__ = ("InProcessProtocol",)

# Compressed bytes to unpack before the next check whether the reader is full. aiohttp before 3.14
# unpacks them at once, to up to a thousand times as many.
_PIECE = 512

# Bytes in a body's reader after which it asks for a pause, as in aiohttp's server.
_READ_BUFFER = 2**18


class InProcessProtocol(web.RequestHandler):
    """Runs a request as aiohttp runs a request from a connection.

    Args:
        server: The server of the application's runner.
        loop: The loop it runs on.
        read_bufsize: The bytes in a body's reader after which it asks for a pause.
        auto_decompress: Whether to unpack a compressed body.
        **settings: The other settings of aiohttp's protocol.
    """

    # aiohttp reads these from the transport once per connection. Here they differ for each request.
    __slots__ = (
        "_auto_decompress",
        "_body",
        "_connection",
        "_more",
        "_pieces",
        "_reader_limit",
        "logs_access",
        "peername",
        "ssl_context",
    )

    # `request.host` falls back on this, as on a server: the health check of a load balancer has no
    # Host.
    sockname: Any = ("127.0.0.1", 80)

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
        self._pieces: Iterator[bytes] = iter(())
        # Whether a part of the current piece is still to be unpacked (aiohttp 3.14 and later).
        self._more = False
        self._connection = InProcessTransport()
        self.logs_access = bool(getattr(self.access_logger, "enabled", self.access_logger))
        """Whether answered requests are logged."""

    def open(self, remote: str | None, secure: bool) -> InProcessTransport:
        """Begin a request from an address, with TLS or not, and return its transport."""
        connection = self._connection
        if connection.closed:
            connection = self._connection = InProcessTransport()
        self.transport = connection
        connection.peername = self.peername = (remote, 0) if remote else None
        # aiohttp only checks whether there is an SSL context.
        connection.ssl_context = self.ssl_context = secure or None  # type: ignore[assignment]
        self._body = None
        self._force_close = False
        return connection

    def feed_body(self, message: RawRequestMessage, request: HttpRequest) -> StreamReader:
        """Return a reader of the body, and unpack the body as aiohttp's parser does.

        Reading a truncated body raises an error, whatever the app's own limit is.
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
        """Stop unpacking for now, because the reader is full."""
        self._reading_paused = True

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Continue to unpack, because the reader has room again."""
        self._reading_paused = False
        if resume_parser and self._body is not None:
            # Not at once: aiohttp before 3.14 calls this while it reads, and would never stop.
            self._loop.call_soon(self._unpack)

    def _feed_compressed(self, payload: StreamReader, encoding: str, body: bytes) -> None:
        self._pieces = (body[at : at + _PIECE] for at in range(0, len(body), _PIECE))
        self._more = self._reading_paused = False
        try:
            self._body = DeflateBuffer(payload, encoding)
        except ContentEncodingError as error:
            payload.set_exception(web.RequestPayloadError(str(error)), error)
        else:
            self._unpack()

    def _unpack(self) -> None:
        # A few bytes can unpack to gigabytes. So this stops when the reader is full, and continues
        # when the app reads. An app that refuses the body never pays for it.
        body, more = self._body, self._more
        try:
            while body is not None and not self._reading_paused:
                if more:
                    more = body.feed_data(b"", 0)
                elif (piece := next(self._pieces, None)) is not None:
                    more = body.feed_data(piece, len(piece))
                else:
                    self._body = None
                    body.feed_eof()
                    return
        except ContentEncodingError as error:
            self._body = None
            assert body is not None
            body.out.set_exception(web.RequestPayloadError(str(error)), error)
        self._more = more
