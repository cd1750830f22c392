"""Stands in for a server in comparisons: aiohttp's TestServer, without its faults."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import TestServer

from ferryman.core.head_requests import without_body

__all__ = ("PlainServer",)


class PlainServer(TestServer):
    """Serves an application as the server target does, where aiohttp by itself would not."""

    async def start_server(self, *arguments: Any, **settings: Any) -> None:
        """Listen."""
        await super().start_server(*arguments, **settings)
        self.handler.request_factory = without_body(self.handler.request_factory)
