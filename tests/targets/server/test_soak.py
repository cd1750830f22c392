"""Under load, workers are replaced and servers end, and no request is lost.

The counts are bounded: some 26,000 requests together, of which 21,000 while a server or a
worker goes gracefully. Whatever is answered wrongly, or not at all, is counted by its kind.
"""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from scripts.ports import free_port
from tests.targets.server.running import Load, Server, running

SETTINGS: dict[str, Any] = {"workers": 2, "drain_delay": 0.6, "graceful_timeout": 5}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("soak"), **SETTINGS) as server:
        server.wait_until(lambda: len(server.workers()) == 2)
        yield server


async def replaced(server: Server, old: set[int]) -> None:
    """Wait until no worker is left of those there were."""
    async with asyncio.timeout(30):
        while server.workers() & old or len(server.workers()) != 2:
            await asyncio.sleep(0.05)


async def test_a_rolling_restart_loses_no_request(server: Server) -> None:
    old = server.workers()
    async with Load(lambda: server.port) as load:
        await load.sent(1000)
        server.signal(signal.SIGHUP)
        await replaced(server, old)
        await load.sent(max(1000, 9000 - load.outcomes.total()))
    assert load.failures == {}
    assert load.outcomes["right"] >= 9000
    assert {str(pid) for pid in server.workers()} & load.workers


async def test_a_killed_worker_loses_what_it_was_answering_alone(server: Server) -> None:
    old = server.workers()
    async with Load(lambda: server.port, clients=16) as load:
        await load.sent(1000)
        os.kill(min(old), signal.SIGKILL)
        await load.sent(4000)
        await replaced(server, {min(old)})
        await load.sent(500)
    # One for each client at most: the request that was on its way.
    assert load.failures.total() <= 16
    assert load.outcomes["right"] >= 5000
    assert max(old) in server.workers()


async def test_a_new_certificate_comes_in_without_a_lost_request(tmp_path: Path) -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    names: dict[str, Any] = {
        "certificate": str(tmp_path / "chain.pem"),
        "private_key": str(tmp_path / "key.pem"),
    }

    def write_certificate() -> None:
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(names["certificate"])
        issued.private_key_pem.write_to_path(names["private_key"])

    async def serial(port: int) -> str:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trust, server_hostname="localhost"
        )
        found = writer.get_extra_info("peercert")["serialNumber"]
        writer.close()
        await writer.wait_closed()
        return str(found)

    write_certificate()
    with running(tmp_path / "server", plain=False, **SETTINGS, **names) as server:
        async with asyncio.timeout(30):
            before = None
            while before is None:
                with suppress(OSError):
                    before = await serial(server.port)
                await asyncio.sleep(0.05)
            while len(server.workers()) != 2:
                await asyncio.sleep(0.05)
        old = server.workers()
        async with Load(lambda: server.port, clients=8, tls=trust) as load:
            await load.sent(500)
            write_certificate()
            server.signal(signal.SIGHUP)
            await replaced(server, old)
            await load.sent(max(500, 4000 - load.outcomes.total()))
        assert load.failures == {}
        assert load.outcomes["right"] >= 4000
        assert await serial(server.port) != before

        Path(names["certificate"]).write_text("no certificate")
        kept = server.workers()
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: "not reloaded" in server.log.read_text())
        assert server.workers() == kept
        assert await serial(server.port)


class Balancer:
    """Sends to servers that were ready when it last asked, as a load balancer does."""

    def __init__(self, servers: dict[int, int], interval: float) -> None:
        self._admin = servers
        self._interval = interval
        self._turn = 0
        self.ready = set(servers)

    def pick(self) -> int:
        self._turn += 1
        # Where nobody is ready a load balancer sends to all rather than to none.
        ports = sorted(self.ready or self._admin)
        return ports[self._turn % len(ports)]

    def keeps(self, port: int) -> bool:
        return port in self.ready or not self.ready

    async def poll(self) -> None:
        while True:
            for port, admin in self._admin.items():
                ready = await asyncio.to_thread(is_ready, admin)
                (self.ready.add if ready else self.ready.discard)(port)
            await asyncio.sleep(self._interval)


def is_ready(port: int) -> bool:
    with (
        suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer,
    ):
        return bool(answer.status == 200)
    return False


async def test_a_server_ends_behind_a_load_balancer_without_a_lost_request(tmp_path: Path) -> None:
    admin = [free_port(), free_port()]
    addresses = [f"127.0.0.1:{port}" for port in admin]
    settings = SETTINGS | {"drain_delay": 2.5}
    with (
        running(tmp_path / "one", **settings, admin_bind=addresses[0]) as one,
        running(tmp_path / "two", **settings, admin_bind=addresses[1]) as two,
    ):
        one.wait_until(lambda: is_ready(admin[0]))
        two.wait_until(lambda: is_ready(admin[1]))
        balancer = Balancer(dict(zip((one.port, two.port), admin, strict=True)), interval=1)
        polling = asyncio.create_task(balancer.poll())
        async with Load(balancer.pick, balancer.keeps) as load:
            await load.sent(2000)
            one.signal(signal.SIGTERM)
            assert await asyncio.to_thread(one.process.wait, 20) == 0
            await load.sent(max(1000, 8000 - load.outcomes.total()))
        polling.cancel()
    assert load.failures == {}
    assert load.outcomes["right"] >= 8000
    assert balancer.ready == {two.port}
    assert one.log.read_text().count("cleaned up") == 2
