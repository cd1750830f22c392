"""Gives each request its context, and refuses requests above the concurrency limit.

It handles parsed requests. The connection handles the client's bytes and their time limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Protocol

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from ferryman.core.context import current_context
from ferryman.core.head_requests import HeadWriter, MakeRequest
from ferryman.targets.server.runtime.limits import RETRY_AFTER
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.overflow.forwarding import Overflow
from ferryman.targets.server.runtime.proxies import Proxies
from ferryman.targets.server.runtime.request_facts import RequestFacts

__all__ = ("Admission", "Handler", "Tell")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Tell = Callable[[web.BaseRequest, RequestFacts], None]

_set_context = current_context.set


class Watcher(Protocol):
    """Observes each request before the app does."""

    @property
    def proxies(self) -> Proxies | None:
        """Removes headers that no trusted proxy has set; None if no proxy is trusted."""
        ...

    @property
    def tell(self) -> Tell | None:
        """Adds facts to a request; None if there are none to add."""
        ...


class Admission:
    """Creates and admits the requests of an aiohttp server, in place of its request factory.

    Args:
        server: aiohttp's server, before its first connection.
        settings: The largest number of requests in flight, and the paths that always pass.
        watcher: Removes headers that no trusted proxy has set, and adds to the facts of a
            request.
        overflow: Answers requests above the limit; None refuses them with 503.
        handler: The next handler on the way to the app.
    """

    def __init__(
        self,
        server: web.Server,
        settings: ServerSettings,
        watcher: Watcher,
        overflow: Overflow | None,
        handler: Handler,
    ) -> None:
        self._make = _direct(server.request_factory)
        self._settings = settings
        self._proxies = watcher.proxies
        self._tell = watcher.tell
        self._overflow = overflow
        self._handler = handler
        self._exempt = (
            (settings.liveness_path, settings.readiness_path) if settings.health_on_app_port else ()
        )
        self._in_flight = 0
        # Without a watcher, use the app's own coroutine, which costs nothing.
        watching = settings.max_in_flight is not None or settings.max_body is not None
        self._next = self._watched if watching else handler
        server.request_factory = self._enter
        server.request_handler = self._told if self._tell is not None else self._next

    def drain(self) -> None:
        """Close every connection with its next response."""
        make = self._make

        def make_last(message: RawRequestMessage, *arguments: object) -> web.BaseRequest:
            return make(message._replace(should_close=True), *arguments)

        self._make = make_last

    def _enter(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        """Create a request, and set its context.

        aiohttp runs each request in a task, which copies the context at this moment. So the context
        needs no wrapper around the app.
        """
        if self._proxies is not None:
            message = self._proxies.clean(message, protocol)
        if message.method == "HEAD":
            writer = HeadWriter(protocol, writer.loop)  # type: ignore[attr-defined]
        facts = RequestFacts()
        facts.headers = message.headers
        _set_context(facts)
        return self._make(message, payload, protocol, writer, task)

    def _told(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        facts = current_context.get()
        assert self._tell is not None
        assert isinstance(facts, RequestFacts)
        self._tell(request, facts)
        return self._next(request)

    async def _watched(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._overflow is not None:
            self._overflow.saw()
        largest = self._settings.max_body
        if largest is not None and (request.content_length or 0) > largest:
            return _refuse(413)
        if self._is_full and request.path not in self._exempt:
            return await self._turn_away(request)
        self._in_flight += 1
        try:
            return await self._handler(request)
        finally:
            self._in_flight -= 1

    @property
    def _is_full(self) -> bool:
        most = self._settings.max_in_flight
        return most is not None and self._in_flight >= most

    async def _turn_away(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._overflow is not None:
            answer = await self._overflow.forward(request)
            if answer is not None:
                return answer
        return _refuse(503, {"Retry-After": str(RETRY_AFTER)})


def _direct(make: MakeRequest) -> MakeRequest:
    """Return a request factory like that of aiohttp's application, in one call instead of two.

    It reads values that are the same for all requests only once. A factory of another kind is
    returned unchanged.
    """
    if getattr(make, "__func__", None) is not web.Application._make_request:
        return make
    given: list[tuple[tuple[object, ...], dict[str, object]]] = []
    make(*range(5), _cls=lambda *each, **named: given.append((each, named)))
    ((_, _, _, _, _, loop), named) = given[0]
    return partial(web.Request, loop=loop, **named)  # type: ignore[arg-type]


def _refuse(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    response = web.Response(status=status, headers=headers)
    response.force_close()
    return response
