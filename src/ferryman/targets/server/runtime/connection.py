"""One client's connection, which is closed if what is awaited from it does not come.

aiohttp reads the requests; this refuses those that are too large or too slow, with the
status that says so. It knows nothing of the app.
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

# Called by name, for super() costs more than what is added to it.
_receive = RequestHandler.data_received

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n" % RETRY_AFTER
)
_HOST = re.compile(r"(\[[A-Za-z0-9:.%_~-]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]{1,300})(:[0-9]{0,5})?")

# Seconds that a connection which has not asked for anything yet gets to ask, at the end.
_FRESH = 1.0

_BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection(RequestHandler):
    """A connection that is closed if its request takes too long to come.

    Args:
        server: aiohttp's, which knows the app.
        limits: What this worker bears.
        loop: The event loop.
        arguments: What aiohttp's own class takes.
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
        # The first header of the last request, if it was Host and its value was good.
        self._known_host: tuple[bytes, bytes] | None = None
        # Another worker has had the connection, and let it in.
        self._admitted_before = False
        # The transport: aiohttp forgets it once it has been told to close.
        self._link: asyncio.Transport | None = None
        # The body that is still coming; and since when nothing of what is awaited has
        # come, or 0 if nothing is awaited.
        self._content: StreamReader | None = None
        self._since = 0.0

    @property
    def link(self) -> asyncio.Transport | None:
        """The transport, for as long as it has anything to send; aiohttp forgets it earlier."""
        return self._link

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
        # Bytes that are not HTTP have a message too, without a method.
        return getattr(self._messages[0][0], "method", ""), "https" if tls else "http"

    def tell_peer(self, peer: tuple[str, int]) -> None:
        """Have the connection be its client's, and not the proxy's that has made it.

        Args:
            peer: The client's address and port.
        """
        self._cache["peername"] = peer

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or turn it away if there are too many."""
        if self._limits.full and not self._admitted_before:
            transport.write(_BUSY)
            # uvloop forgets what was written if the transport is closed here and now.
            self._loop.call_soon(transport.close)
            return
        self._limits.connections += 1
        self._admitted = True
        self._link = transport
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
        try:
            _receive(self, data)
        except ValueError:  # before 3.14 aiohttp's parser raises where a target is no URL
            self._refuse_bytes()
            return
        messages = self._messages
        if messages:  # a head has come to its end
            message, content = messages[-1]
            # Most clients send a path, Host first, and the same one each time: then it is known.
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
        """Note that this is a WebSocket now. What comes with the parser differs by version."""
        self._limits.upgraded = True
        super().set_parser(parser, *arguments, **named)

    def log_access(
        self, request: web.BaseRequest, response: web.StreamResponse, time: float | None
    ) -> None:
        """Tell the access logger of a request.

        How long it took is not left to the loop's clock: uvloop's counts whole milliseconds,
        and stands still while the loop is busy.
        """
        if time is not None and self.access_logger is not None:
            self.access_logger.log(request, response, monotonic() - time)

    @property
    def described(self) -> str:
        """What is being answered, for the log: the method and the path, without its query."""
        request = self._current_request
        return f"{request.method} {request.path}" if request is not None else "no request"

    def close_after_answer(self) -> None:
        """Have the answer that is being made say that the connection closes after it."""
        request = self._current_request
        if request is not None:
            request._message = request._message._replace(should_close=True)

    def close_if_idle(self, now: float) -> None:
        """Close the connection if it has no request and none is about to come.

        Args:
            now: The loop's time.
        """
        idle = self._waiter is not None and not self._waiter.done() and not self._since
        made = self._next_keepalive_close_time - self.keepalive_timeout
        if idle and (self._request_count or now - made > _FRESH):
            self.force_close()

    def cancel(self) -> asyncio.Task[None] | None:
        """Cancel what answers the connection's requests, and return it, if anything does."""
        # Once the client has gone aiohttp knows the task of the request alone.
        request = self._current_request
        task = self._task_handler or (request.task if request is not None else None)
        if task is None or task.done():
            return None
        task.cancel()
        return task

    def drop(self) -> None:
        """Close the connection without waiting for the client to read what is left."""
        if self._link is not None:
            self._link.abort()

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
        """Answer a request that is not valid HTTP, without logging a traceback for each."""
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
        self._keepalive_handle = self._loop.call_at(close_time, self._close_if_silent)

    def _close_if_silent(self) -> None:
        # Before 3.14 aiohttp's own leaves a connection alone on which nothing was asked.
        self._keepalive = self._keepalive or not self._request_count
        self._process_keepalive()

    def _status(self, exc: BadHttpMessage) -> int:
        if isinstance(exc, LineTooLong):
            return 414 if exc.args[1] == self._limits.parsing["max_line_size"] else 431
        return 431 if "Too many headers" in exc.message else 400

    def _refuse_bytes(self) -> None:
        """Refuse what aiohttp could not read, unless that would be part of another's answer."""
        if self.transport is not None and not self.busy:
            self.transport.write(_BAD)
        self.force_close()

    def _refuse_urls(self) -> None:
        """Put an error in the place of each request whose `url` could not be read."""
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
        # The handler that awaits the body gets the error, so that it becomes the answer.
        error.force_close()
        self._await_nothing()
        if self.busy:
            content.set_exception(error)
        else:  # it has been answered, and aiohttp only waits for the rest
            self.force_close()
        content.feed_eof()


def _wrong_in(message: RawRequestMessage) -> str:
    """Return what keeps the URL of a request from being read, or nothing."""
    try:
        _ = message.url.host, message.url.port
    except ValueError:
        return "the target is not a URL"
    if not _gives_url(message.headers.get("Host", "")):
        return "the Host header is not a host and port"
    return ""


@lru_cache(maxsize=1024)
def _gives_url(text: str) -> bool:
    """Return whether yarl makes a URL of this Host header; an empty or missing one is fine.

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
    """Return the connections that are open, or whose handlers have not ended."""
    return [each for each in server.connections if isinstance(each, Connection)]


def active(server: web.Server) -> Counter[tuple[str, str]]:
    """Return the requests in flight, by method and scheme.

    They are counted on demand: a running count would cost each request time.
    """
    found = (getattr(connection, "asked", None) for connection in server.connections)
    return Counter(asked for asked in found if asked is not None)
