"""aiohttp's own protocol object, with a request's body fed to it from memory.

It stands where a connection's protocol would, and knows neither events nor responses.
One serves one request at a time, and is used again for the next.
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

# Bytes that are unpacked before the reader is asked whether it is full: aiohttp before 3.14
# unpacks them whole, to a thousand times as many.
_PIECE = 512

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
        "_more",
        "_pieces",
        "_reader_limit",
        "logs_access",
        "peername",
        "ssl_context",
    )

    # What `request.host` falls back on, as on a server: a load balancer's own health check
    # has no Host.
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
        # Whether a piece has been unpacked in part: from aiohttp 3.14 on.
        self._more = False
        self._connection = InProcessTransport()
        self.logs_access = bool(getattr(self.access_logger, "enabled", self.access_logger))
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
        self._reading_paused = True

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Unpack what is left: the reader has room again."""
        self._reading_paused = False
        if resume_parser and self._body is not None:
            # Not now: aiohttp before 3.14 asks for it while it reads, and would never stop.
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
        # A few bytes can unpack to gigabytes, so this stops when the reader is full and
        # goes on as the app reads; an app that refuses the body never pays for it.
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
