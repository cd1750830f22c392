"""A response on its way to a Runtime API that takes it slowly, or not to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, result_of

from ferryman.core.lifecycle import start_app
from ferryman.targets.lambda_.runtime.bridging import make_bridge, runner_settings
from ferryman.targets.lambda_.runtime.memory_connection import SETTINGS, MemoryBridge
from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.streaming import ResponseStream

CHUNK = bytes(256 * 1024)
COUNT = 200


@pytest.mark.parametrize(
    ("make", "settings"), [(make_bridge, runner_settings()), (MemoryBridge, SETTINGS)]
)
async def test_a_handler_waits_for_a_caller_that_reads_slowly(
    make: Callable[..., Any], settings: dict[str, Any]
) -> None:
    """Lambda takes 2 MB a second of a long response; the rest must not pile up in memory."""
    written = 0
    may_read = asyncio.Event()
    received: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        count = 0
        while not (piece := await reader.read(2**20)).endswith(b"0\r\n\r\n"):
            count += len(piece)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        received.set_result(count + len(piece))

    async def stream(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(COUNT):
            await response.write(CHUNK)
            written += 1
        return response

    app = web.Application()
    app.router.add_get("/", stream)
    runner = await start_app(app, shutdown_timeout=1, **settings)
    server = await asyncio.start_server(read, "127.0.0.1", 0, limit=2**16)
    host, port = server.sockets[0].getsockname()
    response = ResponseStream(f"{host}:{port}", "invocation-1")
    request = HttpRequest("GET", "/", (), b"", "https", None)
    bridge = make(runner, asyncio.get_running_loop())
    feeding = asyncio.create_task(
        bridge.stream(request, None, response, lambda _: {"statusCode": 200})
    )
    await asyncio.sleep(0.5)
    assert 0 < written < COUNT / 2
    may_read.set()
    await asyncio.wait_for(feeding, 20)
    await asyncio.wait_for(response.end(), 20)
    assert await received > COUNT * len(CHUNK)
    server.close()
    await runner.cleanup()


APP = """
import asyncio
from aiohttp import web

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(20):
        await response.write(bytes(100_000))
        await asyncio.sleep(0.01)
    return response

async def hello(request):
    return web.Response(text="hello")

def create_app():
    app = web.Application()
    app.router.add_get("/stream", stream)
    app.router.add_get("/", hello)
    return app
"""


async def test_a_stream_that_is_not_taken_to_its_end_ends_nothing_else(
    api: RuntimeApi, run: Callable[..., Runtime], event: Callable[..., dict[str, Any]]
) -> None:
    runtime = run(APP, streaming=True)
    # Lambda takes no error once a response has begun, and AWS's client ends over that.
    api.answer_status = {"invocation-1": 400}
    api.hangs_up_on_streams = True
    lost = api.invoke(event("/stream"))
    await api.until_polls(2)
    assert not lost.done()
    assert "GET /stream: no more of it was taken" in runtime.logged()
    api.hangs_up_on_streams = False
    assert (await result_of(api.invoke(event("/")))).split()[1] == b"hello"
