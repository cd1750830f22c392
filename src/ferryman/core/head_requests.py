"""Drops the body of a response to HEAD, which aiohttp sends if the handler streams.

A client reads the bytes after such a response as the beginning of the next response (RFC 9110,
9.3.2), and the connection breaks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http import StreamWriter

__all__ = ("HeadWriter", "MakeRequest", "without_body")

MakeRequest = Callable[..., web.BaseRequest]
"""Makes a request, in the signature of aiohttp's servers: message, payload, protocol,
writer and the task."""


_HOLDS_HEADERS = hasattr(StreamWriter, "send_headers")


class HeadWriter(StreamWriter):
    """A writer that sends status and headers, and discards the body."""

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
        """Send the buffered headers; aiohttp before 3.12 does not buffer them."""
        if _HOLDS_HEADERS:
            super().send_headers()

    def enable_compression(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is nothing to compress."""

    def enable_chunking(self) -> None:
        """Do nothing: there is nothing to frame."""


def without_body(make: MakeRequest) -> MakeRequest:
    """Return a request factory whose HEAD requests are answered without a body.

    Args:
        make: The request factory to wrap.
    """

    def make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        if message.method == hdrs.METH_HEAD:
            writer = HeadWriter(protocol, writer.loop)
        return make(message, payload, protocol, writer, task)

    return make_request
