"""Stands in for aiohttp's TestServer, and passes requests through an event source.

The event and the result become JSON on their way, as on Lambda. All of this runs on the test's own
event loop: there is no other process, and no socket behind the gateway.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast
from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestServer

from ferryman.core.context import RequestContext
from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.faults import answer
from ferryman.local.gateway.http_server import (
    admit,
    gateway_server,
    read_request,
    read_result,
    reply,
)
from ferryman.local.gateway.protocol import Gateway, Refused
from ferryman.targets.lambda_.runtime.bridging import make_bridge, runner_settings
from ferryman.targets.lambda_.runtime.responding import respond

__all__ = ("EventServer", "event_server")

# Seconds after which a handler is cancelled that waits for its client to read a part of the
# response: the client receives only the whole response.
_TIME_LIMIT = 10.0


class EventServer(TestServer):
    """Serves an application through an event source.

    It derives from TestServer because aiohttp's test client requires one.
    """

    gateway: Gateway

    async def _make_runner(self, **settings: Any) -> web.BaseRunner:
        self._behind = web.AppRunner(self.app, **(settings | runner_settings()))
        await self._behind.setup()
        self._bridge = make_bridge(self._behind, asyncio.get_running_loop())
        return web.ServerRunner(gateway_server(self._answer), shutdown_timeout=0.1)

    @property
    def handler(self) -> web.Server:
        """The server of the application, for tests of aiohttp's internals."""
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
        """Invoke the bridge as an environment does, on the test's own loop."""
        work = respond(self._bridge, (), None, event, RequestContext(str(uuid4()), event=event))
        task = asyncio.create_task(work)
        timer = asyncio.get_running_loop().call_later(_TIME_LIMIT, task.cancel)
        try:
            return cast("dict[str, Any]", await task)
        finally:
            timer.cancel()


def event_server(source: str) -> type[TestServer]:
    """Return a class to use in place of TestServer for an event source.

    Raises:
        ConfigError: There is no event source of that name.
    """
    return type("EventServer", (EventServer,), {"gateway": find_gateway(source)})
