"""Reads a response from the bytes that aiohttp writes to a connection.

aiohttp writes them, so the parser handles only the HTTP/1.1 that aiohttp produces.
"""

from __future__ import annotations

import time
from collections import deque
from email.utils import formatdate
from functools import lru_cache

from aiohttp.http import SERVER_SOFTWARE

from ferryman.targets.lambda_.runtime.messages import FORBIDDEN, OF_A_CONNECTION

__all__ = ("ReceivedResponse",)

_END_OF_HEAD = b"\r\n\r\n"
_END_OF_LINE = b"\r\n"


class ReceivedResponse:
    """A response, with the parts that aiohttp has written so far.

    Args:
        head: Whether the request's method is HEAD; its response has no body.

    Attributes:
        status: Its status; 0 until its head is complete.
        headers: Names in lower case and values in order, without those of a connection.
        pieces: Parts of its body that were not sent yet.
    """

    def __init__(self, head: bool) -> None:
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.pieces: deque[bytes] = deque()
        self._head = self._without_body = head
        self._refused = ""
        self._chunked = False
        self._whole = False
        self._buffer = b""
        self._length: int | None = None
        # Bytes of the body so far; for a chunk, the bytes that are still missing.
        self._size = 0
        self._left = 0

    def feed(self, data: bytes) -> None:
        """Take what was written."""
        while not self.status:
            head, found, rest = (self._buffer + data).partition(_END_OF_HEAD)
            if not found:
                self._buffer = head
                return
            self._buffer, data = b"", rest
            # The response follows an interim one such as 100 Continue.
            if int(head[9:12]) >= 200 or head[9:12] == b"101":
                self._read_head(head.decode("utf-8", "surrogateescape"))
        if not data or self._without_body:
            return
        if self._chunked:
            self._read_chunks(data)
        else:
            self._size += len(data)
            self.pieces.append(data)

    def check(self) -> None:
        """Check that the response is complete and valid.

        Raises:
            ValueError: A header has a control character.
            ConnectionResetError: The response is incomplete.
        """
        if self._refused:
            raise ValueError(f"the header {self._refused!r} holds a control character")
        whole = self._whole if self._chunked else self._length in (None, self._size)
        if not self.status or not (whole or self._without_body):
            raise ConnectionResetError("the response came to an end before its time")

    def _read_head(self, head: str) -> None:
        line, *fields = head.split("\r\n")
        status = int(line[9:12])
        self._without_body = self._without_body or status in (204, 304)
        kept = []
        for field in fields:
            name, _, value = field.partition(": ")
            lower = name.lower()
            if FORBIDDEN.search(field):
                self._refused = name
            if lower == "content-length":
                self._length = int(value)
                if self._head:
                    kept.append((lower, value))
            elif lower == "transfer-encoding":
                self._chunked = "chunked" in value
            elif lower not in OF_A_CONNECTION and not _is_of_aiohttp(lower, value):
                kept.append((lower, value))
        self.headers = tuple(kept)
        self.status = status

    def _read_chunks(self, data: bytes) -> None:
        data = self._buffer + data
        self._buffer = b""
        while data:
            if self._left > 2:
                self.pieces.append(data[: self._left - 2])
            taken = min(self._left, len(data))
            self._left -= taken
            data = data[taken:]
            if self._left:
                return
            size, found, rest = data.partition(_END_OF_LINE)
            if not found:
                self._buffer = data
                return
            length = int(size, 16)
            if not length:
                self._whole = True
                return
            self._left = length + len(_END_OF_LINE)
            data = rest


def _is_of_aiohttp(name: str, value: str) -> bool:
    """Return whether aiohttp has put a header in a response of its own accord."""
    if name == "server":
        return value == SERVER_SOFTWARE
    return name == "date" and value in _dates(int(time.time()))


@lru_cache(maxsize=1)
def _dates(now: int) -> tuple[str, ...]:
    """Return the dates that aiohttp has just put in a response of its own accord."""
    return tuple(formatdate(at, usegmt=True) for at in (now, now - 1))
