"""Stands in for aiohttp's TestServer: it listens, but only to make events.

What a client sends goes through an event source to the application and back the same way,
each leg as JSON, on the loop of the test: no process, and no socket behind the gateway.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

from ferryman.core.context import RequestContext
from ferryman.targets.lambda_.gateway.faults import answer
from ferryman.targets.lambda_.gateway.server import admit, read_request, read_result, reply
from ferryman.targets.lambda_.gateway.source import Gateway, Refused
from ferryman.targets.lambda_.gateway.sources import find_gateway
from ferryman.targets.lambda_.runtime.bridge import Bridge
from ferryman.targets.lambda_.runtime.responding import respond

__all__ = ("EventServer", "event_server")

# What a source lets through is checked later; the server must not be the narrower one.
_HEADER_BYTES = 256 * 1024
# A handler that waits for its client to read on gets no further: the answer goes out whole.
_TIME_LIMIT = 10.0


class EventServer(TestServer):
    """Serves an application through an event source.

    It derives from the class it stands in for, because aiohttp's client asks for one.
    """

    gateway: Gateway

    async def _make_runner(self, **settings: Any) -> web.BaseRunner:
        self._behind = web.AppRunner(self.app, **settings)
        await self._behind.setup()
        self._bridge = Bridge(self._behind, asyncio.get_running_loop())
        front = web.Server(
            self._answer,
            access_log=None,
            auto_decompress=False,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )
        return web.ServerRunner(front, shutdown_timeout=0.1)

    @property
    def handler(self) -> web.Server:
        """The server of the application, as tests of aiohttp's internals want it."""
        server = self._behind.server
        assert server is not None
        return server

    async def close(self) -> None:
        """Stop listening, and stop the application."""
        await super().close()
        if self.closed:
            await self._behind.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            event = self.gateway.encode_request(admit(await read_request(request), self.gateway))
        except Refused as refused:
            return reply(request, answer(self.gateway.name, refused.fault))
        result = await self._invoke(json.loads(json.dumps(event)))
        return reply(request, read_result(json.loads(json.dumps(result)), self.gateway))

    async def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what an environment does, on the loop of the test."""
        work = respond(self._bridge, False, None, event, RequestContext(str(uuid4())))
        task = asyncio.create_task(work)
        timer = asyncio.get_running_loop().call_later(_TIME_LIMIT, task.cancel)
        try:
            return cast("dict[str, Any]", await task)
        finally:
            timer.cancel()


def event_server(source: str) -> type[TestServer]:
    """Return a class to use in place of TestServer, for one event source.

    Raises:
        ConfigError: There is no event source of that name.
    """
    return type("EventServer", (EventServer,), {"gateway": find_gateway(source)})
