"""aiohttp's own connection; an older one notes of itself what later ones do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from ferryman.core.aiohttp_version import VERSION

__all__ = ("RequestHandler",)

RequestHandler = web.RequestHandler

if not TYPE_CHECKING and not hasattr(web.RequestHandler, "_upgraded"):

    class RequestHandler(web.RequestHandler):
        """aiohttp's connection, as 3.14 has it."""

        __slots__ = ()

        @property
        def _upgraded(self) -> bool:
            return self._upgrade


if not TYPE_CHECKING and VERSION < (3, 11):

    class RequestHandler(RequestHandler):
        """aiohttp's connection, as 3.11 has it."""

        __slots__ = ("_peername",)

        def connection_made(self, transport: Any) -> None:
            """Note whose the connection is."""
            self._peername = transport.get_extra_info("peername")
            super().connection_made(transport)

        @property
        def peername(self) -> Any:
            """The client's address."""
            return self._peername


if not TYPE_CHECKING and VERSION < (3, 10):

    class RequestHandler(RequestHandler):
        """aiohttp's connection, as 3.10 has it."""

        __slots__ = ("_request_in_progress",)

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self._request_in_progress = False

        async def _handle_request(self, *arguments: Any) -> Any:
            self._request_in_progress = True
            try:
                return await super()._handle_request(*arguments)
            finally:
                self._request_in_progress = False

        @property
        def _next_keepalive_close_time(self) -> float:
            return self._keepalive_time + self._keepalive_timeout

        @_next_keepalive_close_time.setter
        def _next_keepalive_close_time(self, time: float) -> None:
            self._keepalive_time = time - self._keepalive_timeout
