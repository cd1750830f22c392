"""Lets requests through to the app, each in a context of its own, as many at once as it may have.

It sees whole requests; what a client sends, and how slowly, is the connection's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from ferryman.core.context import current_context
from ferryman.targets.server.runtime.limits import RETRY_AFTER
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.request_facts import RequestFacts

__all__ = ("Gate", "Handler", "Tell")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Tell = Callable[[web.BaseRequest, RequestFacts], None]


class Gate:
    """The way to the app, which takes the place of aiohttp's own.

    Args:
        server: aiohttp's, before it has any connection.
        settings: How many requests may pass, and which paths always do.
        tell: Is shown each request before the app is, to add to what is known of it; None
            where there is nothing to add.
        handler: The way on from here, to the app.
    """

    def __init__(
        self,
        server: web.Server,
        settings: ServerSettings,
        tell: Tell | None,
        handler: Handler,
    ) -> None:
        self._make = server.request_factory
        self._settings = settings
        self._tell = tell
        self._handler = handler
        self._exempt = (
            (settings.liveness_path, settings.readiness_path) if settings.health_on_app_port else ()
        )
        self._in_flight = 0
        # The app's own coroutine where nothing is to be watched: that costs nothing.
        watching = settings.max_in_flight is not None or settings.max_body is not None
        self._next = self._watched if watching else handler
        server.request_factory = self._enter
        server.request_handler = self._told if tell is not None else self._next

    def drain(self) -> None:
        """Close every connection with its next answer."""
        make = self._make

        def make_last(message: RawRequestMessage, *arguments: object) -> web.BaseRequest:
            return make(message._replace(should_close=True), *arguments)  # type: ignore[arg-type]

        self._make = make_last

    def _enter(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        """Make a request, and set its context.

        aiohttp answers each in a task of its own, which begins with the context of this
        moment; no step of the way to the app has to be paid for it.
        """
        facts = RequestFacts()
        facts.headers = message.headers
        current_context.set(facts)
        return self._make(message, payload, protocol, writer, task)

    def _told(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        facts = current_context.get()
        assert self._tell is not None
        assert isinstance(facts, RequestFacts)
        self._tell(request, facts)
        return self._next(request)

    async def _watched(self, request: web.BaseRequest) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        self._in_flight += 1
        try:
            return await self._handler(request)
        finally:
            self._in_flight -= 1

    def _refusal(self, request: web.BaseRequest) -> web.Response | None:
        largest, most = self._settings.max_body, self._settings.max_in_flight
        if largest is not None and (request.content_length or 0) > largest:
            return _refuse(413)
        if most is not None and self._in_flight >= most and request.path not in self._exempt:
            return _refuse(503, {"Retry-After": str(RETRY_AFTER)})
        return None


def _refuse(status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    response = web.Response(status=status, headers=headers)
    response.force_close()
    return response
