"""The server side of comparisons: aiohttp's TestServer, with the server target's responses."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import TestServer

from ferryman.core.head_requests import without_body

__all__ = ("PlainServer",)


class PlainServer(TestServer):
    """Serves an application as the server target does, without bodies in responses to HEAD."""

    async def start_server(self, *arguments: Any, **settings: Any) -> None:
        """Start listening."""
        await super().start_server(*arguments, **settings)
        self.handler.request_factory = without_body(self.handler.request_factory)
