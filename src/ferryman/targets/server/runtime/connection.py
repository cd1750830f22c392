"""One client's connection, which is closed if what is awaited from it does not come.

aiohttp reads the requests; this refuses those that are too large or too slow, with the
status that says so. It knows nothing of the app.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from ferryman.targets.server.runtime.limits import RETRY_AFTER, Limits

__all__ = ("Connection", "active")

# Called by name, for super() costs more than what is added to it.
_receive = web.RequestHandler.data_received

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n" % RETRY_AFTER
)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection(web.RequestHandler):
    """A connection that is closed if its request takes too long to come.

    Args:
        server: aiohttp's, which knows the app.
        limits: What this worker bears.
        loop: The event loop.
        arguments: What aiohttp's own class takes.
    """

    __slots__ = ("_admitted", "_content", "_limits", "_since")

    def __init__(
        self,
        server: web.Server,
        limits: Limits,
        *,
        loop: asyncio.AbstractEventLoop,
        **arguments: Any,
    ) -> None:
        super().__init__(server, loop=loop, **arguments)
        self._limits = limits
        self._admitted = False
        # The body that is still coming; and since when nothing of what is awaited has
        # come, or 0 if nothing is awaited.
        self._content: StreamReader | None = None
        self._since = 0.0

    @property
    def busy(self) -> bool:
        """Whether a request is being answered, or about to be."""
        return self._request_in_progress or bool(self._messages)

    @property
    def asked(self) -> tuple[str, str] | None:
        """The method and the scheme of the request that is being answered, or about to be."""
        request = self._current_request
        if request is not None:
            return request.method, request.scheme
        if not self._messages:
            return None
        tls = self.transport is not None and self.transport.get_extra_info("sslcontext")
        # What is no HTTP has a message as well, and no method.
        return getattr(self._messages[0][0], "method", ""), "https" if tls else "http"

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or turn it away if there are too many."""
        if self._limits.full:
            transport.write(_BUSY)
            # uvloop forgets what was written if the transport is closed here and now.
            self._loop.call_soon(transport.close)
            return
        self._limits.connections += 1
        self._admitted = True
        super().connection_made(transport)
        self._close_when_idle()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another."""
        if self._admitted:
            self._admitted = False
            self._limits.connections -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Let aiohttp read what came, and note what is awaited now."""
        _receive(self, data)
        if self._messages:  # a head has come to its end
            content = self._messages[-1][1]
            if content is EMPTY_PAYLOAD:
                self._since = 0.0
            else:
                self._see_body(content)
        elif self._content is not None:
            self._see_body(self._content)
        elif not self._since and not self._request_in_progress:
            self._since = self._limits.now

    def set_parser(self, parser: Any, data_received_cb: Callable[[], None] | None = None) -> None:
        """Note that this is a WebSocket now."""
        self._limits.upgraded = True
        super().set_parser(parser, data_received_cb)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Tell the access logger of a request.

        How long it took is not left to the loop's clock: uvloop's counts whole milliseconds,
        and stands still while the loop is busy.
        """
        if time is not None and self.access_logger is not None:
            self.access_logger.log(request, response, monotonic() - time)

    def cut(self) -> None:
        """Close the connection, and cancel what answers its request."""
        if self._task_handler is not None:
            self._task_handler.cancel()
        self.force_close()

    def expire(self, now: float) -> None:
        """Close the connection if what is awaited is late.

        Args:
            now: The loop's time, of this sweep.
        """
        if not self._since or self.transport is None:
            return
        content, waited = self._content, now - self._since
        if content is None:
            if not self.busy and waited > self._limits.settings.header_timeout:
                self.transport.write(_LATE)
                self.force_close()
        elif content.is_eof():
            self._await_nothing()
        elif not self.transport.is_reading():
            self._since = now  # the app is slow to read, and not the client to send
        elif waited > self._limits.settings.body_timeout:
            self._fail(content, web.HTTPRequestTimeout())

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is no HTTP, without a traceback in the log for each."""
        if not isinstance(exc, BadHttpMessage) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        status = self._status(exc)
        # The message quotes what came, which may hold a secret: it is for the client alone.
        self.logger.debug("%s from %s: %s", status, request.remote, type(exc).__name__)
        response = web.Response(status=status, text=f"{status}: {exc.message}")
        response.force_close()
        return response

    def _close_when_idle(self) -> None:
        # aiohttp begins to count with its first answer: who never asks could stay for ever.
        close_time = self._loop.time() + self.keepalive_timeout
        self._next_keepalive_close_time = close_time
        self._keepalive_handle = self._loop.call_at(close_time, self._process_keepalive)

    def _status(self, exc: BadHttpMessage) -> int:
        if isinstance(exc, LineTooLong):
            return 414 if exc.args[1] == self.max_line_size else 431
        return 431 if "Too many headers" in exc.message else 400

    def _see_body(self, content: StreamReader) -> None:
        most = self._limits.settings.max_body
        if most is not None and content.total_bytes > most:
            self._fail(content, web.HTTPRequestEntityTooLarge(most, content.total_bytes))
        elif content.is_eof():
            self._await_nothing()
        else:
            self._content = content
            self._since = self._limits.now

    def _await_nothing(self) -> None:
        self._content = None
        self._since = 0.0

    def _fail(self, content: StreamReader, error: web.HTTPException) -> None:
        # The handler that awaits the body gets the error, so that it becomes the answer.
        error.force_close()
        self._await_nothing()
        if self.busy:
            content.set_exception(error)
        else:  # it has been answered, and aiohttp only waits for the rest
            self.force_close()
        content.feed_eof()


def active(server: web.Server) -> Counter[tuple[str, str]]:
    """Return how many requests are being answered, by their method and scheme.

    They are counted when somebody asks: to keep count would cost each request.
    """
    found = (getattr(connection, "asked", None) for connection in server.connections)
    return Counter(asked for asked in found if asked is not None)
