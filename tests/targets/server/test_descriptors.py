"""What happens when a server has no file descriptors left, by its clients or by its app."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripts.ports import free_port
from tests.targets.server.running import APP, Server, get, running

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.accepting import room_for_connections
from ferryman.targets.server.runtime.application import check_connections

LIMIT = 64
LEAKY = (
    APP
    + """
left_open = []

async def leak(request):
    try:
        while True:
            left_open.append(open("/dev/null"))
    except OSError:
        return web.Response(text=str(len(left_open)))

async def mend(request):
    while left_open:
        left_open.pop().close()
    return web.Response()

app.router.add_get("/leak", leak)
app.router.add_get("/mend", mend)
"""
)


@contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connections that ask and stay, more than the server can hold."""
    opened = []
    try:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", server.port), 5)
            client.sendall(b"GET /slow?for=600 HTTP/1.1\r\nHost: x\r\n\r\n")
            opened.append(client)
        yield opened
    finally:
        for client in opened:
            client.close()


def test_the_log_stays_short_checks_are_answered_and_it_recovers(tmp_path: Path) -> None:
    admin = free_port()
    with running(
        tmp_path,
        files=LIMIT,
        admin_bind=f"127.0.0.1:{admin}",
        handler_cancellation=True,
        graceful_timeout=1,
    ) as server:
        before = server.log.stat().st_size
        with clients(server, 3 * LIMIT):
            server.wait_until(lambda: "no new connections for now" in server.log.read_text())
            began = time.monotonic()
            while time.monotonic() - began < 3:
                for path in ("/livez", "/readyz", "/metrics"):
                    assert get(admin, path)[0] == 200, path
                time.sleep(0.1)
            assert server.log.stat().st_size - before < 2000, server.log.read_text()
            assert "Traceback" not in server.log.read_text()
        server.wait_until(server.is_listening, timeout=10)


def test_an_app_that_leaves_files_open_can_still_be_watched(tmp_path: Path) -> None:
    admin = free_port()
    with running(
        tmp_path,
        LEAKY,
        files=LIMIT,
        admin_bind=f"127.0.0.1:{admin}",
        graceful_timeout=1,
        max_rss=4096,
    ) as server:
        kept = socket.create_connection(("127.0.0.1", server.port), 5)
        kept.sendall(b"GET /leak HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(12) == b"HTTP/1.1 200"
        before = server.log.stat().st_size
        with clients(server, 20):
            server.wait_until(lambda: "no new connections for now" in server.log.read_text())
            time.sleep(1)
            for path in ("/livez", "/readyz", "/metrics", "/livez"):
                assert get(admin, path)[0] == 200, path
            assert server.log.stat().st_size - before < 2000, server.log.read_text()
        kept.sendall(b"GET /mend HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_until(server.is_listening, timeout=10)
        assert get(admin, "/metrics")[0] == 200
        kept.close()


def test_more_connections_than_the_process_may_open_are_refused_at_the_start() -> None:
    room = room_for_connections()
    check_connections(None)
    check_connections(room)
    with pytest.raises(ConfigError, match=f"max_connections = {room + 1}.*room for {room}"):
        check_connections(room + 1)
