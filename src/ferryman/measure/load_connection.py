"""A keep-alive connection of the load generator: one request at a time, at little cost.

It parses only enough of a response to find its end (RFC 9112, section 6); bodies are counted and
discarded.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple, cast

__all__ = ("Answer", "Connection")


class Answer(NamedTuple):
    """A response.

    Attributes:
        status: The status code.
        size: Bytes of the body, without the frames of chunks.
    """

    status: int
    size: int


class Connection(asyncio.Protocol):
    """One connection, which serves one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self._buffer = bytearray()
        self._bodiless = False
        self._status = 0
        self._size = 0
        self._left: int | None = None
        self._chunked = False
        self.reusable = False
        """Whether another request can be sent."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self.reusable = True

    async def send(self, data: bytes, bodiless: bool, patience: float) -> Answer:
        """Send a request and return the response.

        Args:
            data: The whole request.
            bodiless: Whether it is HEAD, whose response has a length but no body.
            patience: Seconds to wait for the response.

        Raises:
            TimeoutError: No answer came in time.
            OSError: The connection broke.
        """
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._answered = loop.create_future()
        self._bodiless, self._status, self._size, self._left = bodiless, 0, 0, None
        timer = loop.call_later(patience, self._give_up)
        self._transport.write(data)
        try:
            return await self._answered
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close it."""
        self.reusable = False
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._buffer += data
        while self._step():
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        """End the response: without a length, closing the connection ends it."""
        self.reusable = False
        if self._status and self._left is None and not self._chunked and exc is None:
            self._size += len(self._buffer)
            self._finish()
        elif self._answered is not None and not self._answered.done():
            error = exc or ConnectionResetError("the server closed it before the response ended")
            self._answered.set_exception(error)

    def _give_up(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(TimeoutError())
            self.reusable = False
            assert self._transport is not None
            self._transport.abort()

    def _step(self) -> bool:
        """Read one part of the answer; return whether there may be another."""
        if not self._status:
            return self._read_head()
        if self._chunked:
            return self._read_chunk()
        if self._left is not None:
            self._take(self._left)
            if self._left == 0:
                self._finish()
        return False

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        status = int(lines[0].split(None, 2)[1])
        if status < 200:
            # An interim response, such as 100 Continue.
            return True
        self._status, self._left, self._chunked = status, None, False
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            self._read_header(name.lower(), value.strip().lower())
        if self._bodiless or status in (204, 304):
            self._left, self._chunked = 0, False
        return True

    def _read_header(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._left = int(value)
        elif name == b"transfer-encoding":
            self._chunked = True
        elif name == b"connection" and value == b"close":
            self.reusable = False

    def _read_chunk(self) -> bool:
        if self._left:
            self._take(self._left)
            return bool(self._buffer) and not self._left
        # Before a size comes the end of the previous chunk.
        end = self._buffer.find(b"\r\n", 2 if self._buffer[:2] == b"\r\n" else 0)
        if end < 0:
            return False
        size = int(bytes(self._buffer[:end]).split(b";")[0], 16)
        if size:
            del self._buffer[: end + 2]
            self._left = size
            return True
        if (trailers := self._buffer.find(b"\r\n\r\n", end)) < 0:
            return False
        del self._buffer[: trailers + 4]
        self._finish()
        return False

    def _take(self, most: int) -> None:
        taken = min(most, len(self._buffer))
        del self._buffer[:taken]
        self._size += taken
        self._left = most - taken

    def _finish(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(Answer(self._status, self._size))
        self._status = 0
