"""Clients that do not read what they asked for, beside some that do so slowly."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from scripts.ports import free_port
from tests.targets.server.running import Server, running

APP = """
from aiohttp import web

PIECE = bytes(65536)

async def much(request):
    response = web.StreamResponse(headers={"Content-Length": str(len(PIECE) * 512)})
    await response.prepare(request)
    try:
        for _ in range(512):
            await response.write(PIECE)
    finally:
        request.app["ended"].append(1)
    return response

async def whole(request):
    return web.Response(body=bytes(32 * 2**20))

async def echo(request):
    return web.Response(text=str(len(request.app["ended"])))

app = web.Application()
app["ended"] = []
app.router.add_get("/much", much)
app.router.add_get("/whole", whole)
app.router.add_get("/echo", echo)
"""


def open_without_reading(server: Server, path: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return client


async def read_slowly(client: socket.socket, seconds: float) -> int:
    """Read a little every now and then, and return how much came."""
    client.setblocking(False)
    loop, came = asyncio.get_running_loop(), 0
    until = loop.time() + seconds
    while loop.time() < until:
        piece = await loop.sock_recv(client, 4096)
        assert piece, f"closed after {came} bytes"
        came += len(piece)
        await asyncio.sleep(0.1)
    return came


def metric(admin: int) -> int:
    text = urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics").read().decode()
    line = next(line for line in text.splitlines() if line.startswith("ferryman_write_timeouts"))
    return int(line.split()[1])


async def test_who_does_not_read_gives_way_after_the_default_time_and_who_reads_slowly_is_served(
    tmp_path: Path,
) -> None:
    admin = free_port()
    options: dict[str, Any] = {
        "max_in_flight": 20,
        "admin_bind": f"127.0.0.1:{admin}",
        "log_format": "json",
    }
    with running(tmp_path, APP, **options) as server:
        # Handlers of these end at once; only the connections are left.
        stuck = [open_without_reading(server, "/whole") for _ in range(3)]
        await asyncio.sleep(1)
        slow = open_without_reading(server, "/much")
        stuck += [open_without_reading(server, "/much") for _ in range(19)]
        began = time.monotonic()
        reading = asyncio.create_task(read_slowly(slow, 34))
        while server.is_listening():  # until the last of them is being answered
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.05)
        while not server.is_listening():
            assert time.monotonic() - began < 33
            await asyncio.sleep(0.1)
        assert time.monotonic() - began > 28
        came = await reading
        assert came > 50_000
        assert server.is_listening()
        assert metric(admin) == len(stuck)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        told = [line for line in lines if "write_timeout" in line["message"]]
        assert len(told) == len(stuck)
        assert all(line["message"].startswith("127.0.0.1 has read nothing") for line in told)
        for client in (slow, *stuck):
            client.close()


@pytest.mark.parametrize("path", ["/much", "/whole"])
def test_a_connection_that_is_to_be_closed_anyway_does_not_stay(tmp_path: Path, path: str) -> None:
    options: dict[str, Any] = {"write_timeout": 1, "keep_alive": 1, "load_balancer_idle_timeout": 0}
    with running(tmp_path, APP, **options) as server:
        client = open_without_reading(server, path)
        deadline = time.monotonic() + 10
        while established(server) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not established(server)
        client.close()


def established(server: Server) -> int:
    """Return how many connections the server has open, by /proc/net/tcp."""
    local = f":{server.port:04X} "
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if local in line[:20] and line.split()[3] in ("01", "04", "08"))
