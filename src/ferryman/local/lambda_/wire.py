"""Reads HTTP/1.1 requests and writes responses for the Runtime API.

aiohttp's server drops the trailers of a request. A runtime reports a broken stream in them, so the
Runtime API needs its own reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

__all__ = ("ProtocolError", "Request", "read_request", "reply")

_HEADERS = 200
"""The most headers of a request."""


class ProtocolError(Exception):
    """The received bytes are not HTTP/1.1."""


@dataclass(slots=True)
class Request:
    """A request. Its body is still to be read.

    Attributes:
        method: The method.
        path: The target.
        headers: The values, by lower-case name.
        trailers: The trailers of a chunked body, known after the body has been read.
    """

    method: str
    path: str
    headers: dict[str, str]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    trailers: dict[str, str] = field(default_factory=dict)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            ProtocolError: The body has an invalid size.
            asyncio.IncompleteReadError: The connection ended before the body did.
        """
        if self.headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := _size(await self.reader.readline(), 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            self.trailers.update(await _read_headers(self.reader))
        elif left := _size(self.headers.get("content-length", "0").encode(), 10):
            while left:
                piece = await self.reader.read(min(left, 256 * 1024))
                if not piece:
                    raise asyncio.IncompleteReadError(b"", left)
                left -= len(piece)
                yield piece

    async def read(self, limit: int) -> bytes | None:
        """Return the whole body, or None if it is longer than `limit` bytes."""
        body = bytearray()
        too_long = False
        async for piece in self.pieces():
            too_long = too_long or len(body) + len(piece) > limit
            if not too_long:
                body += piece
        return None if too_long else bytes(body)


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    """Return the next request of a connection, or None at its end.

    Raises:
        ProtocolError: The bytes are not an HTTP request.
    """
    line = (await reader.readline()).decode("latin-1").split()
    if not line:
        return None
    if len(line) != 3:
        raise ProtocolError("invalid request line")
    return Request(line[0], line[1], await _read_headers(reader), reader, writer)


def reply(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> None:
    """Write a response."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while (line := (await reader.readline()).decode("latin-1").strip()) != "":
        name, colon, value = line.partition(":")
        if not colon or len(headers) > _HEADERS:
            raise ProtocolError("invalid header")
        headers[name.strip().lower()] = value.strip()
    return headers


def _size(text: bytes, base: int) -> int:
    try:
        return int(text.partition(b";")[0], base)
    except ValueError:
        raise ProtocolError("invalid size of a body") from None
