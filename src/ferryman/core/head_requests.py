"""Keeps the body of a response to HEAD back, which aiohttp sends where a handler streams.

A client reads what comes after such a response as the beginning of the next one (RFC 9110,
9.3.2), so that the connection breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http import StreamWriter

__all__ = ("HeadWriter", "MakeRequest", "without_body")

MakeRequest = Callable[..., web.BaseRequest]
"""Makes a request, as aiohttp's servers want it: of a message, its payload, the protocol, the
writer and the task."""


_HOLDS_HEADERS = hasattr(StreamWriter, "send_headers")


class HeadWriter(StreamWriter):
    """Sends status and headers, and takes a body without sending it."""

    async def write(self, chunk: Any, *, drain: bool = True, LIMIT: int = 0x10000) -> None:
        """Send the headers, if they have not been sent."""
        self.send_headers()
        if drain:
            await self.drain()

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Send the headers, if they have not been sent, and end the response."""
        self._compress = None
        await super().write_eof(b"")

    def send_headers(self) -> None:
        """Send the headers that are held back; aiohttp before 3.12 holds none."""
        if _HOLDS_HEADERS:
            super().send_headers()

    def enable_compression(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is nothing to compress."""

    def enable_chunking(self) -> None:
        """Do nothing: there is nothing to frame."""


def without_body(make: MakeRequest) -> MakeRequest:
    """Return what makes requests, and has those with HEAD answered without a body.

    Args:
        make: What makes a request.
    """

    def make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        if message.method == hdrs.METH_HEAD:
            writer = HeadWriter(protocol, writer.loop)
        return make(message, payload, protocol, writer, task)

    return make_request
