"""The server on uvloop, which it takes where it is installed: what differs there from asyncio."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.targets.server.running import APP, Load, Server, running

UVLOOP = Path(__file__).parents[3] / ".tools" / "uvloop"
SOURCE = (
    APP
    + """
import time

async def which(request):
    time.sleep(0.05)
    return web.Response(text=type(asyncio.get_running_loop()).__module__)

app.router.add_get("/which", which)
"""
)
GET = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PYTHONPATH", str(UVLOOP))
    options: dict[str, Any] = {
        "access_log": True,
        "log_format": "json",
        "max_connections": 9,
        "drain_delay": 0.5,
    }
    with running(tmp_path, SOURCE, **options) as server:
        yield server


def test_it_is_taken_and_a_request_that_blocks_it_is_logged_with_its_time(server: Server) -> None:
    assert server.send(GET % b"/which").endswith(b"uvloop")
    line = next(text for text in server.log.read_text().splitlines() if "/which" in text)
    assert 0.05 <= json.loads(line)["duration"] < 5


def test_a_connection_too_many_is_told_so(server: Server) -> None:
    kept = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(9)]
    for connection in kept:
        connection.sendall(b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert server.send(b"").startswith(b"HTTP/1.1 503")
    for connection in kept:
        connection.close()


async def test_it_replaces_its_worker_and_ends_without_a_lost_request(server: Server) -> None:
    old = server.workers()
    async with Load(lambda: server.port, clients=4) as load:
        await load.sent(500)
        server.signal(signal.SIGHUP)
        while server.workers() & old:
            await load.sent(50)
        await load.sent(500)
    assert load.failures == {}
    server.signal(signal.SIGTERM)
    assert server.process.wait(10) == 0
    assert server.log.read_text().count("cleaned up") == 2
