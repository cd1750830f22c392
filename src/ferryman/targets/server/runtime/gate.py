"""Lets requests through to the app, as many at once as it may have.

It sees whole requests; what a client sends, and how slowly, is the connection's affair.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from ferryman.core.context import current_context
from ferryman.targets.server.runtime.limits import RETRY_AFTER
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.request_facts import RequestFacts

__all__ = ("Gate",)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Tell = Callable[[web.BaseRequest, RequestFacts], None]


class Gate:
    """The way to the app.

    Args:
        handler: aiohttp's way to the app.
        settings: How many requests may pass, and which paths always do.
        tell: Is shown each request before the app is, to add to what is known of it; None
            where there is nothing to add.
    """

    __slots__ = ("_draining", "_exempt", "_handler", "_in_flight", "_next", "_settings", "_tell")

    def __init__(
        self,
        handler: Handler,
        settings: ServerSettings,
        tell: Tell | None,
    ) -> None:
        self._handler = handler
        self._tell = tell
        self._settings = settings
        self._exempt = (
            (settings.liveness_path, settings.readiness_path) if settings.health_on_app_port else ()
        )
        self._in_flight = 0
        self._draining = False
        # The app's own coroutine where nothing is to be watched: that costs nothing.
        watching = settings.max_in_flight is not None or settings.max_body is not None
        self._next: Handler = self._watched if watching else handler

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Return what answers a request: the app, or a refusal."""
        facts = RequestFacts()
        facts.headers = request.headers
        current_context.set(facts)
        if self._tell is not None:
            self._tell(request, facts)
        return self._next(request)

    def drain(self) -> None:
        """Ask every connection to close after its next answer."""
        self._draining = True
        self._next = self._watched

    async def _watched(self, request: web.BaseRequest) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
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
