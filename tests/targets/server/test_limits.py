"""Overload: who comes when there is no room is told to come again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.targets.server.running import running

from ferryman.targets.server.runtime.admission import Admission
from ferryman.targets.server.runtime.options import ServerSettings

GET = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def answer(port: int, path: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % path)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_a_request_too_many_is_turned_away_and_room_is_made_again(tmp_path: Path) -> None:
    with running(tmp_path, max_in_flight=2) as server:
        slow = [asyncio.create_task(answer(server.port, b"/slow?for=1")) for _ in range(2)]
        await asyncio.sleep(0.4)
        refused = await answer(server.port, b"/echo?n=1")
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"\r\nRetry-After: 1\r\n" in refused
        assert all(text.endswith(b"slow") for text in await asyncio.gather(*slow))
        assert (await answer(server.port, b"/echo?n=1")).startswith(b"HTTP/1.1 200")


async def test_a_connection_too_many_is_turned_away_and_room_is_made_again(tmp_path: Path) -> None:
    with running(tmp_path, max_connections=2) as server:
        slow = [asyncio.create_task(answer(server.port, b"/slow?for=1")) for _ in range(2)]
        await asyncio.sleep(0.4)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        refused = await reader.read()
        writer.close()
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"\r\nRetry-After: 1\r\n" in refused
        assert all(text.endswith(b"slow") for text in await asyncio.gather(*slow))
        assert (await answer(server.port, b"/echo?n=1")).startswith(b"HTTP/1.1 200")


async def test_an_idle_connection_is_kept_though_a_body_came_late(tmp_path: Path) -> None:
    with running(tmp_path, header_timeout=0.5, body_timeout=5) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        await asyncio.sleep(1)
        writer.write(b"cd")
        assert (await reader.readuntil(b"\r\n\r\n4")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(1.5)
        writer.write(GET % b"/echo?n=7")
        assert (await reader.read()).endswith(b"7")
        writer.close()


async def test_a_slow_answer_is_given_though_the_next_request_has_come_in_half(
    tmp_path: Path,
) -> None:
    with running(tmp_path, header_timeout=0.5) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /slow?for=2 HTTP/1.1\r\nHost: x\r\n\r\nGET /echo?n=7 HT")
        await asyncio.sleep(0.3)
        writer.write(b"TP/1.1\r\nConnection: close\r\n")
        assert (await reader.readuntil(b"slow")).startswith(b"HTTP/1.1 200")
        writer.write(b"Host: x\r\n\r\n")
        assert (await reader.read()).endswith(b"7")
        writer.close()


async def test_a_request_has_the_limits_of_its_app() -> None:
    runner = web.AppRunner(web.Application(client_max_size=7))
    await runner.setup()
    server = runner.server
    assert server is not None
    watcher = SimpleNamespace(proxies=None, tell=None)
    Admission(server, ServerSettings.read({}), watcher, None, server.request_handler)
    like = make_mocked_request("POST", "/")
    made = server.request_factory(
        like._message, like.content, like.protocol, like._payload_writer, like.task
    )
    assert isinstance(made, web.Request)
    assert made.client_max_size == 7
    await runner.cleanup()
