"""aiohttp's connection class, with the attributes that older versions lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from ferryman.core.aiohttp_version import VERSION

__all__ = ("RequestHandler",)

RequestHandler = web.RequestHandler

if not TYPE_CHECKING and not hasattr(web.RequestHandler, "_upgraded"):

    class RequestHandler(web.RequestHandler):
        """aiohttp's connection before 3.14, with the name for an upgrade that 3.14 uses."""

        __slots__ = ()

        @property
        def _upgraded(self) -> bool:
            return self._upgrade


if not TYPE_CHECKING and VERSION < (3, 11):

    class RequestHandler(RequestHandler):
        """aiohttp's connection before 3.11, with the client's address."""

        __slots__ = ("_peername",)

        def connection_made(self, transport: Any) -> None:
            """Note the client's address."""
            self._peername = transport.get_extra_info("peername")
            super().connection_made(transport)

        @property
        def peername(self) -> Any:
            """The client's address."""
            return self._peername


if not TYPE_CHECKING and VERSION < (3, 10):

    class RequestHandler(RequestHandler):
        """aiohttp's connection before 3.10, with the request in flight and the idle time."""

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
