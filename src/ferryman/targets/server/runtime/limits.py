"""How much a client may send, how slowly, and how many may be served at once.

aiohttp reads the requests; this refuses those that are too large, too slow or too many,
with the status that says so. It knows nothing of processes and signals.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("RETRY_AFTER", "Connection", "Gate", "Limits", "active")

RETRY_AFTER = 1
"""Seconds after which a client that was turned away may try again."""

# Called by name, for super() costs more than what is added to it.
_receive = web.RequestHandler.data_received

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n" % RETRY_AFTER
)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Limits:
    """The limits of one worker, and how many connections it has.

    Attributes:
        settings: The limits.
        connections: Open now.
        now: The loop's time of the next sweep: nobody is late too early, and it is cheaper
            than to ask for each request.
        upgraded: Whether any connection has become a WebSocket.
    """

    settings: ServerSettings
    connections: int = field(default=0, init=False)
    now: float = field(default=0.0, init=False)
    upgraded: bool = field(default=False, init=False)

    @property
    def parsing(self) -> dict[str, int]:
        """What aiohttp's parser is told."""
        line, header = self.settings.max_request_line, self.settings.max_header
        return {
            # aiohttp raises one error for both, and its limit alone tells which it was.
            "max_line_size": line + 1 if line == header else line,
            "max_field_size": header,
            "max_headers": self.settings.max_headers,
        }

    @property
    def full(self) -> bool:
        """Whether there is no room for one more connection."""
        most = self.settings.max_connections
        return most is not None and self.connections >= most


class Connection(web.RequestHandler):
    """A connection that is closed if its request takes too long to come.

    Args:
        server: aiohttp's, which knows the app.
        limits: What this worker bears.
        loop: The event loop.
        arguments: What aiohttp's own class takes.
    """

    __slots__ = ("_admitted", "_content", "_limits", "busy", "since")

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
        # Whether a request is being answered; the body that is still coming; and since
        # when nothing of what is awaited has come, or 0 if nothing is awaited.
        self.busy = False
        self._content: StreamReader | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away if there are too many."""
        if self._limits.full:
            assert isinstance(transport, asyncio.Transport)
            transport.write(_BUSY)
            transport.close()
            return
        self._limits.connections += 1
        self._admitted = True
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another."""
        if self._admitted:
            self._admitted = False
            self._limits.connections -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that something came, and let aiohttp read it."""
        content = self._content
        if content is None:
            if not self.busy and not self.since:
                self.since = self._limits.now
            _receive(self, data)
        else:
            self.since = self._limits.now
            _receive(self, data)
            self._see_body(content)

    def set_parser(self, parser: Any, data_received_cb: Callable[[], None] | None = None) -> None:
        """Note that this is a WebSocket now."""
        self._limits.upgraded = True
        super().set_parser(parser, data_received_cb)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Note that a request has been answered, which aiohttp says here alone."""
        self.busy = False
        if self.access_logger is not None:
            super().log_access(request, response, time)

    def await_body(self, content: StreamReader) -> None:
        """Note that a request's head is whole, and its body is `content`."""
        if not content.is_eof():
            self._content = content
            self.since = self._limits.now
        if content.total_bytes:
            self._see_body(content)

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
        if not self.since or self.transport is None:
            return
        content, waited = self._content, now - self.since
        if content is None:
            if waited > self._limits.settings.header_timeout:
                self.transport.write(_LATE)
                self.force_close()
        elif content.is_eof():
            self._body_done()
        elif not self.transport.is_reading():
            self.since = now  # the app is slow to read, and not the client to send
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
        self.logger.debug("bad request from %s: %s", request.remote, exc.message)
        status = self._status(exc)
        response = web.Response(status=status, text=f"{status}: {exc.message}")
        response.force_close()
        return response

    def _status(self, exc: BadHttpMessage) -> int:
        if isinstance(exc, LineTooLong):
            return 414 if exc.args[1] == self.max_line_size else 431
        return 431 if "Too many headers" in exc.message else 400

    def _see_body(self, content: StreamReader) -> None:
        most = self._limits.settings.max_body
        if most is not None and content.total_bytes > most:
            self._fail(content, web.HTTPRequestEntityTooLarge(most, content.total_bytes))
        elif content.is_eof():
            self._body_done()

    def _body_done(self) -> None:
        self._content = None
        self.since = 0.0

    def _fail(self, content: StreamReader, error: web.HTTPException) -> None:
        # The handler that awaits the body gets the error, so that it becomes the answer.
        error.force_close()
        self._body_done()
        if self.busy:
            content.set_exception(error)
        else:  # it has been answered, and aiohttp only waits for the rest
            self.force_close()
        content.feed_eof()


class Gate:
    """Lets requests through to the app, as many at once as it may have.

    Args:
        handler: aiohttp's way to the app.
        settings: How many, and which paths always pass.
        enter: Is shown each request before the app is.
    """

    __slots__ = (
        *(
            "_draining",
            "_enter",
            "_exempt",
            "_handler",
            "_in_flight",
            "_max_body",
            "_most",
            "_watching",
        ),
    )

    def __init__(
        self,
        handler: Handler,
        settings: ServerSettings,
        enter: Callable[[web.BaseRequest], None],
    ) -> None:
        self._handler = handler
        self._enter = enter
        self._most = settings.max_in_flight or float("inf")
        self._max_body = settings.max_body
        self._exempt = (
            (settings.liveness_path, settings.readiness_path) if settings.health_on_app_port else ()
        )
        self._in_flight = 0
        self._draining = False
        self._watching = settings.max_in_flight is not None

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Return what answers a request: the app, or a refusal."""
        connection: Connection = request.protocol  # type: ignore[assignment]
        connection.busy = True
        connection.since = 0.0
        self._enter(request)
        content = request.content
        if content is not EMPTY_PAYLOAD:
            connection.await_body(content)
            if self._max_body is not None and (request.content_length or 0) > self._max_body:
                return _refuse(413)
        # The app's own coroutine where nothing is to be done after it: that costs nothing.
        return self._watched(request) if self._watching else self._handler(request)

    def drain(self) -> None:
        """Ask every connection to close after its next answer."""
        self._draining = self._watching = True

    async def _watched(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._in_flight >= self._most and request.path not in self._exempt:
            return await _refuse(503, {"Retry-After": str(RETRY_AFTER)})
        self._in_flight += 1
        try:
            response = await self._handler(request)
        except web.HTTPException as error:
            if self._draining:
                error.force_close()
            raise
        finally:
            self._in_flight -= 1
        if self._draining and not response.prepared:
            response.force_close()
        return response


def active(server: web.Server) -> int:
    """Return how many requests are being answered."""
    return sum(getattr(connection, "busy", False) for connection in server.connections)


async def _refuse(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    response = web.Response(status=status, headers=headers)
    response.force_close()
    return response
