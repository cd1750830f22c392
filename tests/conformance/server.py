"""Stands in for aiohttp's TestServer: it listens, but only to make events.

What a client sends goes through an event source to the application and back the same way,
each leg as JSON. There is no socket between the gateway and the application.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from aiohttp import hdrs, web
from aiohttp.test_utils import TestServer

from ferryman.core.context import RequestContext
from ferryman.targets.lambda_.gateway.server import admit, reply
from ferryman.targets.lambda_.gateway.source import Gateway, Refused
from ferryman.targets.lambda_.runtime.bridge import Bridge
from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.responding import respond

__all__ = ("EventServer",)

# A handler that waits for its client to read gets no further: the answer goes out whole.
_TIME_LIMIT = 3.0

# What a source lets through is checked below; the server must not be the narrower one.
_HEADER_BYTES = 1024 * 1024

_OF_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "proxy-connection"})


class EventServer(TestServer):
    """Serves an application through an event source.

    It derives from the class it stands in for, because aiohttp's client asks for one.
    """

    gateway: Gateway
    requests = 0

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
        server = self._behind.server
        assert server is not None
        return server

    async def close(self) -> None:
        await super().close()
        if self.closed:
            await self._behind.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        type(self).requests += 1
        try:
            event = self.gateway.encode_request(admit(await read(request), self.gateway))
        except Refused as refused:
            return reply(request, refused.response)
        result = await self._invoke(json.loads(json.dumps(event)))
        response = self.gateway.decode_result(json.loads(json.dumps(result)))
        if len(response.body) > self.gateway.limits.response_body:
            response = Refused(502, "the response is too large").response
        return reply(request, response)

    async def _invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Do what an environment does, on the loop of the test."""
        work = respond(self._bridge, event, RequestContext("request"), streaming=False)
        task = asyncio.create_task(work)
        timer = asyncio.get_running_loop().call_later(_TIME_LIMIT, task.cancel)
        try:
            return cast("dict[str, Any]", await task)
        finally:
            timer.cancel()


async def read(request: web.BaseRequest) -> HttpRequest:
    """Return a request that came over a connection, as an event source has it."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return HttpRequest(
        method=request.method,
        target=origin_form(request.raw_path),
        headers=tuple([(name, value) for name, value in request.headers.items() if passes(name)]),
        body=await request.clone(client_max_size=0).read(),
        scheme=request.scheme,
        remote=request.remote,
    )


def passes(name: str) -> bool:
    """Return whether a header is of the message, and not of its connection."""
    return name.lower() not in _OF_CONNECTION


def origin_form(target: str) -> str:
    """Return a request target without the scheme and host that a proxy's client writes."""
    scheme, separator, rest = target.partition("://")
    if separator and scheme.isalpha():
        return "/" + rest.partition("/")[2]
    return target
