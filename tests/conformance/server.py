"""Stands in for aiohttp's TestServer: it listens, but only to make events.

What a client sends goes through an event source to the application and back the same way,
each leg as JSON. Between the gateway and the application is a socket only where the
response streams, to the code that collects it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.conformance.carrier import BrokenOff, StreamCarrier

from ferryman.core.context import RequestContext
from ferryman.local.gateway.faults import Fault, answer
from ferryman.local.gateway.http_server import admit, read_request, reply
from ferryman.local.gateway.protocol import Gateway, Refused
from ferryman.targets.lambda_.runtime.bridging import make_bridge, runner_settings
from ferryman.targets.lambda_.runtime.options import streamed_sources
from ferryman.targets.lambda_.runtime.responding import respond
from ferryman.targets.lambda_.runtime.streaming import Streamed

__all__ = ("EventServer",)

# A handler that waits for its client to read gets no further: the answer goes out whole.
_TIME_LIMIT = 8.0

# What a source lets through is checked below; the server must not be the narrower one.
_HEADER_BYTES = 1024 * 1024

# "Lambda quotas": the largest response that streams.
_STREAM_BYTES = 200 * 1024 * 1024


_numbers = itertools.count(1)


class EventServer(TestServer):
    """Serves an application through an event source.

    It derives from the class it stands in for, because aiohttp's client asks for one.
    """

    gateway: Gateway
    streaming = False
    requests = 0

    async def _make_runner(self, **settings: Any) -> web.BaseRunner:
        self._behind = web.AppRunner(self.app, **(settings | runner_settings()))
        await self._behind.setup()
        self._bridge = make_bridge(self._behind, asyncio.get_running_loop())
        self._carrier = StreamCarrier()
        self._under_way: set[asyncio.Task[Any]] = set()
        await self._carrier.start()
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
        server = self._behind.server
        assert server is not None
        return server

    async def close(self) -> None:
        await super().close()
        if self.closed:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await self._behind.cleanup()
            await self._carrier.stop()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        type(self).requests += 1
        try:
            sent = await read_request(request, upgrades=True)
            event = self.gateway.encode_request(admit(sent, self.gateway))
        except Refused as refused:
            return reply(request, answer(self.gateway.name, refused.fault))
        try:
            result = await self._invoke(json.loads(json.dumps(event)))
        except BrokenOff:
            assert request.transport is not None
            request.transport.abort()
            raise
        response = self.gateway.decode_result(json.loads(json.dumps(result)))
        limit = _STREAM_BYTES if self.streaming else self.gateway.limits.response_body
        if len(response.body) > limit:
            response = answer(self.gateway.name, Fault.UNREADABLE)
        return reply(request, response)

    async def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what an environment does, on the loop of the test."""
        invocation = f"invocation-{next(_numbers)}"
        streamed = self._carrier.expect(invocation)
        task = asyncio.create_task(self._respond(event, invocation))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        timer = asyncio.get_running_loop().call_later(_TIME_LIMIT, task.cancel)
        try:
            result = await task
            return await streamed if isinstance(result, Streamed) else result
        finally:
            timer.cancel()

    async def _respond(self, event: dict[str, Any], invocation: str) -> Any:
        # A test may have several servers; whom to stream to is asked before anything is
        # waited for.
        os.environ["AWS_LAMBDA_RUNTIME_API"] = self._carrier.api
        facts = RequestContext(invocation)
        streamed = streamed_sources("all" if self.streaming else False)
        return await respond(self._bridge, streamed, None, event, facts)
