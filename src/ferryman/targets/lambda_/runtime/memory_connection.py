"""Feeds one request into aiohttp over a connection that is only in memory.

It uses aiohttp as an event loop does: a protocol that receives bytes and writes bytes to a
transport. So it works with every version of aiohttp, and `bridge` only with tested ones. It knows
no events.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import hdrs, web

from ferryman.core.context import EVENT, follow_trace
from ferryman.core.static_files import compare_dates_exactly
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.received_response import ReceivedResponse
from ferryman.targets.lambda_.runtime.streaming import MakePrelude, ResponseStream

__all__ = ("SETTINGS", "MemoryBridge")

# Event sources have lower limits on a request's head.
_LONGEST = 256 * 1024

SETTINGS: dict[str, Any] = {
    "handler_cancellation": True,
    "lingering_time": 0,  # no client is left that must finish sending a body
    "max_line_size": _LONGEST,
    "max_field_size": _LONGEST,
}
"""What the application's runner is to be given."""

# Bytes of a body to feed in one piece; the same for a compressed body, which can unpack to a
# thousand times as much before aiohttp pauses; and the most bytes of a response that may wait.
_PIECE = 2**18
_COMPRESSED_PIECE = 2**9
_MOST_WAITING = 2**16

# Seconds that a cancelled handler has to end.
_LAST_WORDS = 0.15


class MemoryBridge:
    """Turns requests into responses with a started application.

    Args:
        runner: The runner, set up with `SETTINGS`.
        loop: The event loop of the runner, which must run `respond`.
    """

    def __init__(self, runner: web.AppRunner, loop: asyncio.AbstractEventLoop) -> None:
        server = runner.server
        assert server is not None
        self.app = runner.app
        """The application."""
        self._server = server
        self._loop = loop
        self._make_request = server.request_factory
        server.request_factory = self._request

    async def respond(
        self, request: HttpRequest, event: Mapping[str, object] | None = None
    ) -> HttpResponse:
        """Return the app's complete response to a request.

        Args:
            request: The request.
            event: The raw event, for `ferryman.event`.

        Raises:
            ConnectionResetError: The response is incomplete.
        """
        connection = self._open(request, event)
        if not connection.closed:
            await connection.closing()
        response = connection.response
        response.check()
        body = b"".join(response.pieces)
        return tuple.__new__(HttpResponse, (response.status, response.headers, body))

    async def stream(
        self,
        request: HttpRequest,
        event: Mapping[str, object] | None,
        stream: ResponseStream,
        prelude: MakePrelude,
    ) -> None:
        """Send the app's response to a request while the app writes it.

        Args:
            request: The request.
            event: The raw event, for `ferryman.event`.
            stream: The stream to send it to.
            prelude: Makes the prelude from status and headers.

        Raises:
            ConnectionResetError: The response is incomplete.
            OSError: The Runtime API went away.
        """
        connection = self._open(request, event)
        response = connection.response
        try:
            while True:
                ended = connection.closed
                if response.status and not stream.begun:
                    await stream.begin(
                        prelude(HttpResponse(response.status, response.headers, b""))
                    )
                while response.pieces:
                    stream.write(response.pieces.popleft())
                    connection.let_write()
                    await stream.drain()
                if ended:
                    break
                if not response.pieces and not connection.closed:
                    await connection.progress()
        except OSError:
            connection.cut()
            raise
        response.check()

    def _open(self, request: HttpRequest, event: Mapping[str, object] | None) -> _Connection:
        protocol = self._server()
        connection = _Connection(self._loop, protocol, request, event)
        protocol.connection_made(connection)
        connection.feed()
        return connection

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Any:
        """Make a request as aiohttp does, the last one of its connection."""
        connection = protocol.transport
        request = self._make_request(
            message._replace(should_close=True), payload, protocol, writer, task
        )
        connection.task = task
        if connection.event is not None:
            request[EVENT] = connection.event
        if connection.request.cut_off:
            payload.set_exception(web.HTTPRequestEntityTooLarge(len(connection.request.body)))
        return request


class _Connection(asyncio.Transport):
    """Answers aiohttp's questions about a connection that does not exist.

    Args:
        loop: The event loop.
        protocol: aiohttp's protocol at the other end.
        request: The request to feed.
        event: The raw event of the request.
    """

    task: asyncio.Task[Any] | None = None

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: web.RequestHandler,
        request: HttpRequest,
        event: Mapping[str, object] | None,
    ) -> None:
        self.request = request
        self.event = event
        self.closed = False
        self.response = ReceivedResponse(request.method == hdrs.METH_HEAD)
        self._loop = loop
        self._protocol = protocol
        self._unsent: deque[bytes] = deque()
        self._reading = True
        self._writing = True
        self._waiter: asyncio.Future[None] | None = None
        self._to_the_end = False

    def feed(self) -> None:
        """Send the request, as far as the protocol takes it."""
        request = self.request
        body, lines, headers = request.body, [], set()
        for name, value in request.headers:
            lower = name.lower()
            headers.add(lower)
            # The event source has sent the whole body, whatever its transfer coding was.
            if lower != "transfer-encoding" and (lower != "content-length" or request.cut_off):
                lines.append(f"{name}: {value}\r\n")
        if "host" not in headers:
            # A load balancer's health check has no Host, and aiohttp's parser requires one.
            lines.append("Host: 127.0.0.1\r\n")
        if "if-modified-since" in headers:
            compare_dates_exactly()
        if "traceparent" in headers:
            follow_trace(next(v for name, v in request.headers if name.lower() == "traceparent"))
        if request.cut_off:
            if "content-length" not in headers:
                lines.append(f"content-length: {len(body) + 1}\r\n")
        elif body or "content-length" in headers:
            lines.append(f"content-length: {len(body)}\r\n")
        head = f"{request.method} {request.target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode(
            "utf-8", "surrogateescape"
        )
        piece = _COMPRESSED_PIECE if "content-encoding" in headers else _PIECE
        if len(body) <= piece:
            self._protocol.data_received(head + body)
            return
        self._unsent.append(head)
        self._unsent.extend(body[at : at + piece] for at in range(0, len(body), piece))
        self._feed_more()

    async def closing(self) -> None:
        """Wait until the response has ended, whole or not."""
        self._to_the_end = True
        await self.progress()

    async def progress(self) -> None:
        """Wait for more of the response, or for its end.

        Raises:
            asyncio.CancelledError: This task was cancelled, and the handler with it.
        """
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.cut()
            if self.task is not None and not self.task.done():
                await asyncio.wait({self.task}, timeout=_LAST_WORDS)
            raise
        finally:
            self._waiter = None

    def cut(self) -> None:
        """Close the connection as a client would."""
        if not self.closed:
            self.abort()

    def let_write(self) -> None:
        """Let the handler go on to write, if there is room again."""
        if not self._writing and sum(map(len, self.response.pieces)) < _MOST_WAITING:
            self._writing = True
            self._protocol.resume_writing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known of the connection."""
        if name == "peername":
            return (self.request.remote, 0) if self.request.remote else None
        if name == "sslcontext":
            return self.request.scheme == "https" or None
        return default

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Keep what the protocol writes."""
        if self.closed:
            return
        self.response.feed(bytes(data))
        if self._to_the_end:
            return
        if self._writing and sum(map(len, self.response.pieces)) >= _MOST_WAITING:
            self._writing = False
            self._protocol.pause_writing()
        self._wake()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Keep what the protocol writes."""
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        """Return 0: what is written has arrived."""
        return 0

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def is_reading(self) -> bool:
        """Return whether the protocol takes more of the request."""
        return self._reading

    def pause_reading(self) -> None:
        """Send no more of the request for now."""
        self._reading = False

    def resume_reading(self) -> None:
        """Send more of the request."""
        self._reading = True
        if self._unsent:
            self._loop.call_soon(self._feed_more)

    def close(self) -> None:
        """End the connection."""
        if not self.closed:
            self.closed = True
            self._unsent.clear()
            self._protocol.connection_lost(None)
            self._wake()

    abort = close

    @property
    def _sendfile_compatible(self) -> None:
        # asyncio's sendfile raises an error for an unknown transport that aiohttp does not catch.
        # This error makes aiohttp read and write the file instead.
        raise NotImplementedError

    def _feed_more(self) -> None:
        while self._unsent and self._reading and not self.closed:
            self._protocol.data_received(self._unsent.popleft())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
