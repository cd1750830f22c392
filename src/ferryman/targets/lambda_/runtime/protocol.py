"""aiohttp's protocol object in this process, with the transport and the writer beneath it.

They answer aiohttp's questions about the connection, feed it the request's body from memory, and
keep the app's response. They know neither events nor HTTP's framing. A protocol serves one request
at a time, and is reused for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from aiohttp import hdrs, helpers, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import SERVER_SOFTWARE, RawRequestMessage, StreamWriter
from aiohttp.http_exceptions import ContentEncodingError
from aiohttp.http_parser import DeflateBuffer
from aiohttp.streams import StreamReader
from multidict import CIMultiDict

from ferryman.targets.lambda_.runtime.messages import (
    FORBIDDEN,
    OF_A_CONNECTION,
    OF_A_SERVER,
    HttpRequest,
    HttpResponse,
)

__all__ = ("CapturingWriter", "InProcessProtocol", "InProcessTransport")

# Valid names of headers, with the name in lower case, or "" for a dropped header. The limit bounds
# the memory of an app that makes up names.
_names: dict[str, str] = {}
_NAMES_LIMIT = 1000


class InProcessTransport(asyncio.Transport):
    """Answers aiohttp's questions about a connection that does not exist.

    Attributes:
        peername: The client's address, as of a socket.
        ssl_context: True if the client used TLS, else None.
        closed: Whether the response ended too early.
    """

    peername: tuple[str, int] | None = None
    ssl_context: bool | None = None
    closed = False

    def __init__(self) -> None:
        """Skip asyncio's own initialiser, which creates an unused dictionary."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the client's address, or whether it used TLS."""
        if name == "peername":
            return self.peername
        return self.ssl_context if name == "sslcontext" else default

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Close the connection, so that later writes raise."""
        self.closed = True

    @property
    def _sendfile_compatible(self) -> None:
        # For a transport that it does not know, asyncio's sendfile raises an error that aiohttp
        # does not catch. After NotImplementedError, aiohttp reads and writes the file.
        raise NotImplementedError


class CapturingWriter(StreamWriter):
    """Keeps a response that aiohttp writes, instead of framing it for a connection.

    aiohttp itself still compresses, and checks the length against Content-Length.

    Args:
        protocol: aiohttp's protocol object.
        loop: The loop it runs on.
        connection: The protocol's transport.
        head: Whether the request's method is HEAD, whose response has no body.
    """

    _status = 0
    _headers: tuple[tuple[str, str], ...] | None = None
    _chunks: list[bytes]

    def __init__(
        self,
        protocol: BaseProtocol,
        loop: asyncio.AbstractEventLoop,
        connection: InProcessTransport,
        head: bool,
    ) -> None:
        # The other attributes that aiohttp's initialiser sets are class attributes: see below.
        self._protocol = protocol
        self.loop = loop
        self._connection = connection
        self._head = head
        # Python finds attributes of the object in fewer steps than those of the class.
        self._compress = None
        self._eof = False
        self.output_size = 0

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Keep the current status and headers."""
        pairs = _message_headers(headers)
        if self._head and hdrs.CONTENT_LENGTH in headers:
            pairs.append(("content-length", headers[hdrs.CONTENT_LENGTH]))
        self._status = _status(status_line)
        self._headers = tuple(pairs)
        self._chunks = []

    def send_headers(self) -> None:
        """Do nothing: `write_headers` has kept them."""

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Keep the last piece of the body."""
        if self._compress is not None:
            await super().write_eof(chunk)
        elif chunk and not self._eof:
            self._write(chunk)
        self._eof = True

    def enable_chunking(self) -> None:
        """Do nothing: the event source frames the body."""

    async def drain(self) -> None:
        """Do nothing: there is no buffer that could fill up."""

    def response(self) -> HttpResponse:
        """Return the written response."""
        assert self._headers is not None
        return tuple.__new__(HttpResponse, (self._status, self._headers, b"".join(self._chunks)))

    def _write(self, chunk: bytes | bytearray | memoryview) -> None:  # type: ignore[override]
        if self._headers is None:
            # An interim response such as 100 Continue: the event source has sent its own.
            return
        if self._connection.closed:
            raise ConnectionResetError("the request has been given up")
        self.output_size += len(chunk)
        # A streaming handler may write a body in response to HEAD.
        if not self._head:
            self._keep(chunk)

    def _keep(self, chunk: bytes | bytearray | memoryview) -> None:
        self._chunks.append(chunk if type(chunk) is bytes else bytes(chunk))

    def _writelines(self, chunks: Iterable[bytes | bytearray | memoryview]) -> None:  # type: ignore[override]
        for chunk in chunks:
            self._write(chunk)


# To set these attributes for each writer would take a hundredth of a small request.
for _name, _value in vars(StreamWriter(None, None)).items():  # type: ignore[arg-type]
    setattr(CapturingWriter, _name, _value)


def _message_headers(headers: CIMultiDict[str]) -> list[tuple[str, str]]:
    """Return the headers of a message, with names in lower case.

    Raises:
        ValueError: A header contains a control character.
    """
    # The Date and Server that aiohttp itself sets. Its date is a private name.
    own = (helpers._cached_formatted_datetime, SERVER_SOFTWARE)
    pairs = []
    for name, value in headers.items():
        lower = _names.get(name)
        if lower is None:
            lower = _learn(name)
        if lower in OF_A_SERVER and value in own:
            continue
        if not value.isprintable() and FORBIDDEN.search(value):
            raise ValueError(f"the header {name} holds a control character")
        if lower:
            pairs.append((lower, value))
    return pairs


def _learn(name: str) -> str:
    if FORBIDDEN.search(name):
        raise ValueError(f"the name of a header holds a control character: {name!r}")
    lower = str(name).lower()
    kept = "" if lower in OF_A_CONNECTION else lower
    if len(_names) < _NAMES_LIMIT:
        _names[name] = kept
    return kept


# An app sends the same few status lines repeatedly.
@lru_cache(maxsize=256)
def _status(status_line: str) -> int:
    return int(status_line.split(" ", 2)[1])


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
