"""The transport and the writer that replace a socket.

They answer aiohttp's questions about the connection, and keep the app's response. They know neither
events nor HTTP's framing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from aiohttp import hdrs, helpers
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import SERVER_SOFTWARE, StreamWriter
from multidict import CIMultiDict

from ferryman.targets.lambda_.runtime.messages import (
    FORBIDDEN,
    OF_A_CONNECTION,
    OF_A_SERVER,
    HttpResponse,
)

__all__ = ("CapturingWriter", "InProcessTransport")
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
