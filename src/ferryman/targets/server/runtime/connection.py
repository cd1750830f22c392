"""A client's connection, which closes if the client is too slow.

aiohttp reads the requests. This class rejects requests that are too large or too slow, with the
matching status. It knows nothing of the app.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from functools import lru_cache
from time import monotonic
from typing import Any

from aiohttp import EMPTY_PAYLOAD, StreamReader, web
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.web_protocol import _ErrInfo
from yarl import URL

from ferryman.targets.server.runtime.limits import RETRY_AFTER, Limits
from ferryman.targets.server.runtime.request_handler import RequestHandler

__all__ = ("Connection", "active", "connections_of")

# Called by name, because super() costs more than these methods add.
_receive = RequestHandler.data_received

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n" % RETRY_AFTER
)
_HOST = re.compile(r"(\[[A-Za-z0-9:.%_~-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]{1,300})(:[0-9]{0,5})?")

# Seconds that a connection without a request has to send one while the worker ends.
_FRESH = 1.0

_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection(RequestHandler):
    """A connection that closes if its request arrives too slowly.

    Args:
        server: aiohttp's server, which knows the app.
        limits: The limits of this worker.
        loop: The event loop.
        arguments: The arguments of aiohttp's class.
    """

    __slots__ = (
        *("_admitted", "_admitted_before", "_content", "_known_host", "_limits", "_link"),
        "_since",
    )

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
        # The first header of the last request, if it was Host with a valid value.
        self._known_host: tuple[bytes, bytes] | None = None
        # Another worker had the connection before, and has counted it.
        self._admitted_before = False
        # The transport; aiohttp drops its reference when it closes.
        self._link: asyncio.Transport | None = None
        # The body that is still arriving; and since when awaited bytes are missing, or 0 if none
        # are awaited.
        self._content: StreamReader | None = None
        self._since = 0.0

    @property
    def link(self) -> asyncio.Transport | None:
        """The transport until everything is sent; aiohttp drops its reference earlier."""
        return self._link

    @property
    def busy(self) -> bool:
        """Whether a request is in flight, or about to be."""
        return self._request_in_progress or bool(self._messages)

    @property
    def asked(self) -> tuple[str, str] | None:
        """The method and the scheme of the request in flight, or about to be."""
        request = self._current_request
        if request is not None:
            return request.method, request.scheme
        if not self._messages:
            return None
        tls = self.transport is not None and self.transport.get_extra_info("sslcontext")
        # Bytes that are not HTTP also have a message, without a method.
        return getattr(self._messages[0][0], "method", ""), "https" if tls else "http"

    def tell_peer(self, peer: tuple[str, int]) -> None:
        """Set the client's address, in place of the proxy's that made the connection.

        Args:
            peer: The client's address and port.
        """
        self._cache["peername"] = peer

    def connection_made(self, transport: Any) -> None:
        """Accept the connection, or reject it if there are too many."""
        if self._limits.full and not self._admitted_before:
            transport.write(_BUSY)
            # uvloop drops written bytes if the transport closes immediately.
            self._loop.call_soon(transport.close)
            return
        self._limits.connections += 1
        self._admitted = True
        self._link = transport
        super().connection_made(transport)
        self._close_when_idle()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another connection."""
        if self._admitted:
            self._admitted = False
            self._limits.connections -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to aiohttp, and note which bytes are awaited next."""
        try:
            _receive(self, data)
        except ValueError:  # before 3.14 aiohttp's parser raises if a target is not a URL
            self._refuse_bytes()
            return
        messages = self._messages
        if messages:  # a head is complete
            message, content = messages[-1]
            # Most clients send a path and, first, the same Host each time: it was checked before.
            if (
                message.__class__ is not RawRequestMessage
                or message.path[0] != "/"
                or not (sent := message.raw_headers)
                or sent[0] != self._known_host
                or len(messages) > 1
            ):
                self._refuse_urls()
            if content is EMPTY_PAYLOAD:
                self._since = 0.0
            else:
                self._see_body(content)
        elif self._content is not None:
            self._see_body(self._content)
        elif not self._since and not self._request_in_progress:
            self._since = self._limits.now

    def set_parser(self, parser: Any, *arguments: Any, **named: Any) -> None:
        """Note that this is a WebSocket now. The other arguments depend on aiohttp's version."""
        self._limits.upgraded = True
        super().set_parser(parser, *arguments, **named)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Call the access logger for a request.

        It does not measure the duration with the loop's clock: uvloop's clock counts whole
        milliseconds, and stops while the loop is busy.
        """
        if time is not None and self.access_logger is not None:
            self.access_logger.log(request, response, monotonic() - time)

    @property
    def described(self) -> str:
        """The request in flight, for the log: the method and the path, without the query."""
        request = self._current_request
        return f"{request.method} {request.path}" if request is not None else "no request"

    def close_after_answer(self) -> None:
        """Make the response in flight announce that the connection closes after it."""
        request = self._current_request
        if request is not None:
            request._message = request._message._replace(should_close=True)

    def close_if_idle(self, now: float) -> None:
        """Close the connection if it has no request and none is arriving.

        Args:
            now: The loop's time in seconds.
        """
        idle = self._waiter is not None and not self._waiter.done() and not self._since
        made = self._next_keepalive_close_time - self.keepalive_timeout
        if idle and (self._request_count or now - made > _FRESH):
            self.force_close()

    def cancel(self) -> asyncio.Task[None] | None:
        """Cancel the task of the connection's request, and return it, or None without one."""
        # After the client has disconnected, aiohttp only knows the task of the request.
        request = self._current_request
        task = self._task_handler or (request.task if request is not None else None)
        if task is None or task.done():
            return None
        task.cancel()
        return task

    def drop(self) -> None:
        """Close the connection without waiting for the client to read the rest."""
        if self._link is not None:
            self._link.abort()

    def expire(self, now: float) -> None:
        """Close the connection if awaited bytes are late.

        Args:
            now: The loop's time of this sweep, in seconds.
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
            self._since = now  # the app reads slowly; the client is not at fault
        elif waited > self._limits.settings.body_timeout:
            self._fail(content, web.HTTPRequestTimeout())

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that is not valid HTTP, without logging a traceback."""
        if not isinstance(exc, BadHttpMessage) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        status = self._status(exc)
        # The message quotes the request, which may hold a secret: only the client gets it.
        self.logger.debug("%s from %s: %s", status, request.remote, type(exc).__name__)
        response = web.Response(status=status, text=f"{status}: {exc.message}")
        response.force_close()
        return response

    def _close_when_idle(self) -> None:
        # aiohttp starts its timer with the first response, so an idle client could stay forever.
        close_time = self._loop.time() + self.keepalive_timeout
        self._next_keepalive_close_time = close_time
        self._keepalive_handle = self._loop.call_at(close_time, self._close_if_silent)

    def _close_if_silent(self) -> None:
        # Before 3.14 aiohttp's method does not close a connection without requests.
        self._keepalive = self._keepalive or not self._request_count
        self._process_keepalive()

    def _status(self, exc: BadHttpMessage) -> int:
        if isinstance(exc, LineTooLong):
            return 414 if exc.args[1] == self._limits.parsing["max_line_size"] else 431
        return 431 if "Too many headers" in exc.message else 400

    def _refuse_bytes(self) -> None:
        """Reject unreadable bytes, unless the rejection would end up in another response."""
        if self.transport is not None and not self.busy:
            self.transport.write(_BAD)
        self.force_close()

    def _refuse_urls(self) -> None:
        """Replace each request whose `url` cannot be parsed by an error."""
        for at, (message, payload) in enumerate(self._messages):
            if not isinstance(message, RawRequestMessage):
                continue
            if wrong := _wrong_in(message):
                error = BadHttpMessage(wrong)
                self._messages[at] = _ErrInfo(400, error, error.message), payload
            elif message.raw_headers and message.raw_headers[0][0].lower() == b"host":
                self._known_host = message.raw_headers[0]

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
        # The handler that awaits the body gets the error, which becomes the response.
        error.force_close()
        self._await_nothing()
        if self.busy:
            content.set_exception(error)
        else:  # the response is sent, and aiohttp only waits for the rest of the body
            self.force_close()
        content.feed_eof()


def _wrong_in(message: RawRequestMessage) -> str:
    """Return why the URL of a request cannot be parsed; empty if it can."""
    try:
        _ = message.url.host, message.url.port
    except ValueError:
        return "the target is not a URL"
    if not _gives_url(message.headers.get("Host", "")):
        return "the Host header is not a host and port"
    return ""


@lru_cache(maxsize=1024)
def _gives_url(text: str) -> bool:
    """Return whether yarl can build a URL with this Host header; it may be empty or missing.

    Source: RFC 3986, 3.2.2.
    """
    try:
        return not text or (
            _HOST.fullmatch(text) is not None
            and URL.build(scheme="http", authority=text).host is not None
        )
    except ValueError:
        return False


def connections_of(server: web.Server) -> list[Connection]:
    """Return the connections that are open or whose handlers still run."""
    return [each for each in server.connections if isinstance(each, Connection)]


def active(server: web.Server) -> Counter[tuple[str, str]]:
    """Return the requests in flight, by method and scheme.

    They are counted on demand, because a running count would cost time in each request.
    """
    found = (getattr(connection, "asked", None) for connection in server.connections)
    return Counter(asked for asked in found if asked is not None)
