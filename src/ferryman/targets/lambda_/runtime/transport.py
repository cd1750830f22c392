"""The transport and the writer that stand where a socket would be.

They give aiohttp what it asks of a connection, and keep what the app writes. They know
neither events nor HTTP's framing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from aiohttp.http import StreamWriter
from multidict import CIMultiDict

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("CapturingWriter", "InProcessTransport")

# Headers of a connection, not of a message (RFC 9110, 7.6.1): there is no connection.
_OF_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
)
_DROPPED = _OF_CONNECTION | {"content-length"}
# What aiohttp's own serialisation refuses, so that no value can end its header.
_FORBIDDEN = re.compile(r"[\r\n\0]")


class InProcessTransport(asyncio.Transport):
    """Answers aiohttp's questions about a connection that does not exist.

    Args:
        remote: The client's address.
        secure: Whether the client came by TLS.
    """

    __slots__ = ("_closing", "remote", "secure")

    def __init__(self, remote: str | None, secure: bool) -> None:
        self._closing = False
        self.remote = (remote, 0) if remote else None
        self.secure = secure

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        if name == "peername":
            return self.remote
        # aiohttp takes any context at all for a sign of TLS.
        return (self.secure or None) if name == "sslcontext" else default

    def is_closing(self) -> bool:
        """Return whether the response came to an end before its time."""
        return self._closing

    def close(self) -> None:
        """End the connection: whoever writes from now on is told so."""
        self._closing = True

    @property
    def _sendfile_compatible(self) -> None:
        # asyncio refuses to send a file through a transport it does not know with an
        # error that aiohttp does not catch; this is the one that makes it read and write.
        raise NotImplementedError


class CapturingWriter(StreamWriter):
    """Keeps what aiohttp writes as a response, instead of framing it for a wire.

    Compression and the count of bytes against Content-Length stay aiohttp's own.
    """

    _status = 0
    _sent: CIMultiDict[str] | None = None
    _chunks: list[bytes]

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Keep status and headers."""
        # All at once: what is printable has no line break, and hardly ever is it not.
        text = "".join([*headers.keys(), *headers.values()])
        if not text.isprintable() and _FORBIDDEN.search(text):
            raise ValueError(f"a header holds a line break or a NUL: {dict(headers)}")
        self._status = int(status_line[9:12])
        self._sent = headers
        self._chunks = []

    def send_headers(self) -> None:
        """Do nothing: they are kept already."""

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Keep the last piece of the body."""
        if self._compress is not None or self._eof:
            await super().write_eof(chunk)
            return
        if chunk:
            self._write(chunk)
        self._eof = True

    def enable_chunking(self) -> None:
        """Do nothing: the event source frames the body."""

    async def drain(self) -> None:
        """Do nothing: there is no buffer that could fill up."""

    def response(self, method: str) -> HttpResponse:
        """Return the response that was written.

        Args:
            method: The request's method. Only for HEAD is Content-Length kept: elsewhere
                the event source counts the body itself.
        """
        assert self._sent is not None
        head = method == "HEAD"
        dropped = _OF_CONNECTION if head else _DROPPED
        headers = [(name.lower(), value) for name, value in self._sent.items()]
        return HttpResponse(
            self._status,
            tuple([header for header in headers if header[0] not in dropped]),
            # A handler that streams may write though it was asked for the headers alone.
            b"" if head else b"".join(self._chunks),
        )

    def _write(self, chunk: bytes | bytearray | memoryview) -> None:  # type: ignore[override]
        if self._sent is None:
            # An interim answer such as 100 Continue: the event source has sent its own.
            return
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the request has been given up")
        self.output_size += len(chunk)
        self._keep(bytes(chunk))

    def _keep(self, chunk: bytes) -> None:
        self._chunks.append(chunk)

    def _writelines(self, chunks: Iterable[bytes | bytearray | memoryview]) -> None:  # type: ignore[override]
        for chunk in chunks:
            self._write(chunk)
