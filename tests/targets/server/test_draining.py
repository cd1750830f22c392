"""What those who are connected notice when the server ends or replaces a worker."""

from __future__ import annotations

import asyncio
import http.client
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.targets.server.running import APP, FAREWELLS, Server, running


def closed(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_it_serves_on_for_the_delay_then_closes_and_asks_connections_to_go(tmp_path: Path) -> None:
    with running(tmp_path, drain_delay=1.5) as server:
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        kept.request("GET", "/echo?n=1")
        answer = kept.getresponse()
        answer.read()
        assert answer.getheader("Connection") is None
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        time.sleep(0.4)
        assert server.is_listening()
        kept.request("GET", "/echo?n=1")
        answer = kept.getresponse()
        assert (answer.status, answer.read()) == (200, b"1")
        assert answer.getheader("Connection") == "close"
        assert server.process.wait(10) == 0
        assert time.monotonic() - began > 1.4
        assert closed(server)
        assert "cleaned up" in server.log.read_text()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_who_asks_twice_does_not_wait_for_the_delay(tmp_path: Path, sent: signal.Signals) -> None:
    with running(tmp_path, drain_delay=60, graceful_timeout=5) as server:
        answers: list[bytes] = []
        slow = b"GET /slow?for=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        request = threading.Thread(target=lambda: answers.append(server.send(slow)))
        request.start()
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        server.signal(sent)
        assert server.process.wait(10) == 0
        request.join()
        assert answers[0].endswith(b"slow")


@pytest.mark.parametrize("first", [None, signal.SIGTERM])
@pytest.mark.parametrize("delay", [0.0, 60.0])
def test_a_quick_end_breaks_off_requests_but_the_app_cleans_up(
    tmp_path: Path, first: signal.Signals | None, delay: float
) -> None:
    with running(tmp_path, drain_delay=delay, graceful_timeout=60) as server:
        answers: list[bytes] = []
        slow = b"GET /slow?for=60 HTTP/1.1\r\nHost: x\r\n\r\n"
        request = threading.Thread(target=lambda: answers.append(server.send(slow)))
        request.start()
        time.sleep(0.3)
        if first is not None:
            server.signal(first)
            time.sleep(0.3)
        server.signal(signal.SIGQUIT)
        assert server.process.wait(10) == 0
        request.join()
        assert answers == [b""]
        assert server.log.read_text().count("cleaned up") == 1


def test_a_quick_end_does_not_wait_for_a_cleanup_that_hangs(tmp_path: Path) -> None:
    hanging = APP.replace("    yield\n", "    yield\n    await asyncio.sleep(60)\n")
    with running(tmp_path, hanging) as server:
        began = time.monotonic()
        server.signal(signal.SIGQUIT)
        assert server.process.wait(10) == 0
        assert time.monotonic() - began < 5
        assert "cleaned up" not in server.log.read_text()


def test_a_replaced_worker_whose_cleanup_hangs_is_given_up(tmp_path: Path) -> None:
    hanging = APP.replace("    yield\n", "    yield\n    await asyncio.sleep(600)\n")
    with running(tmp_path, hanging, graceful_timeout=0.1) as server:
        old = server.workers()
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: not server.workers() & old, timeout=15)
        assert server.is_listening()
        assert "the app's cleanup was cut short after 5 s" in server.log.read_text()
        server.signal(signal.SIGQUIT)
        assert server.process.wait(10) == 0


def test_a_request_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with running(tmp_path, graceful_timeout=0.5) as server:
        slow = b"GET /slow?for=60 HTTP/1.1\r\nHost: x\r\n\r\n"
        request = threading.Thread(target=server.send, args=(slow,))
        request.start()
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        request.join()
        assert "cleaned up" in server.log.read_text()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
async def test_websockets_are_told_that_the_server_goes(
    tmp_path: Path, sent: signal.Signals
) -> None:
    with running(tmp_path, drain_delay=0.2) as server:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{server.port}/talk") as talk,
        ):
            await talk.send_str("hello")
            assert await talk.receive_str() == "hello"
            server.signal(sent)
            async with asyncio.timeout(10):
                message = await talk.receive()
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert talk.close_code in FAREWELLS


def test_a_websocket_that_does_not_answer_takes_no_time_from_the_cleanup(tmp_path: Path) -> None:
    deaf = APP.replace("    yield\n", "    yield\n    await asyncio.sleep(3)\n").replace(
        "async for message in socket:", "while await asyncio.sleep(60, 1):"
    )
    handshake = (
        b"GET /talk HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with (
        running(tmp_path, deaf, graceful_timeout=1) as server,
        socket.create_connection(("127.0.0.1", server.port), 10) as silent,
    ):
        silent.sendall(handshake)
        assert silent.recv(12) == b"HTTP/1.1 101"
        server.signal(signal.SIGTERM)
        assert server.process.wait(15) == 0
        assert "cleaned up" in server.log.read_text()


def test_a_replacement_that_does_not_start_leaves_the_server_as_it_was(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        old = server.workers()
        (tmp_path / "served.py").write_text("import nowhere")
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: "the workers stay as they were" in server.log.read_text())
        assert server.is_listening()
        assert server.workers() == old
        assert "no module named 'nowhere'" in server.log.read_text().lower()


@pytest.mark.parametrize(
    ("options", "path"), [({"max_requests": 50}, "/echo?n=1"), ({"max_rss": 150}, "/grow")]
)
def test_a_worker_that_has_done_enough_is_replaced(
    tmp_path: Path, options: dict[str, Any], path: str
) -> None:
    with running(tmp_path, drain_delay=0.2, **options) as server:
        old = server.workers()
        count = 60 if "max_requests" in options else 4
        for _ in range(count):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", path)
            assert connection.getresponse().status == 200
            connection.close()
        server.wait_until(lambda: not server.workers() & old)
        assert server.is_listening()


def test_a_blocked_worker_is_killed_and_says_where_it_was(tmp_path: Path) -> None:
    source = (
        "import time\n"
        "from aiohttp import web\n"
        "async def echo(request):\n"
        "    if request.query['n'] == 'block':\n"
        "        time.sleep(60)\n"
        "    return web.Response()\n"
        "app = web.Application()\n"
        "app.router.add_get('/echo', echo)\n"
    )
    with running(tmp_path, source, worker_timeout=2) as server:
        server.send(b"GET /echo?n=block HTTP/1.1\r\nHost: x\r\n\r\n")
        server.wait_until(server.is_listening)
        assert 'served.py", line 5 in echo' in server.log.read_text()


def test_a_unix_socket_serves_and_is_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with running(tmp_path, plain=False, bind=f"unix:{path}") as server:
        server.wait_until(lambda: "Booting worker" in server.log.read_text())
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(path))
            connection.sendall(b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
    assert not path.exists()
