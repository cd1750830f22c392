"""Workers that cannot start, that take too long, or that are told to end before they have."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
from scripts.ports import free_port
from tests.targets.server.running import APP, Server, get, running

from ferryman.targets.server.runtime.restarts import Restarts
from ferryman.targets.server.runtime.worker import BREAK_OFF_TIMEOUT

NEEDY = (
    APP
    + """
import pathlib, time

async def database(app):
    print("starting", flush=True)
    if pathlib.Path("away").exists():
        raise ConnectionError("the database is away")
    while pathlib.Path("slow").exists():
        await asyncio.sleep(0.05)
    while pathlib.Path("blocked").exists():
        time.sleep(0.05)

app.on_startup.append(database)
"""
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kill_one(server: Server) -> None:
    os.kill(min(server.workers()), signal.SIGKILL)


def missing(admin: int) -> int:
    status, text = get(admin, "/readyz")
    return int(json.loads(text).get("missing_workers", 0)) if status == 200 else -1


@pytest.mark.parametrize("cause", ["database", "certificate", "crash"])
def test_healthy_workers_serve_on_while_another_one_cannot_start(place: Path, cause: str) -> None:
    admin = free_port()
    options: dict[str, Any] = {"workers": 2, "admin_bind": f"127.0.0.1:{admin}"}
    chain = place / "chain.pem"
    if cause == "certificate":
        issued = trustme.CA().issue_cert("localhost")
        (place / "key.pem").write_bytes(issued.private_key_pem.bytes())
        chain.write_bytes(issued.cert_chain_pems[0].bytes())
        options |= {"certificate": str(chain), "private_key": str(place / "key.pem")}
    with running(place, NEEDY, plain=False, **options) as server:
        server.wait_until(lambda: "all 2 workers are ready" in server.log.read_text())
        assert missing(admin) == 0
        server.wait_until(
            lambda: get(admin, "/metrics")[1].count("ferryman_workers_missing 0") == 1
        )
        good = chain.read_bytes() if chain.exists() else b""
        if cause == "certificate":
            chain.write_bytes(good[: len(good) // 2])
        elif cause == "database":
            (place / "away").touch()
        else:
            (place / "served.py").write_text("import os; os._exit(7)")
        kill_one(server)
        server.wait_until(lambda: server.log.read_text().count("Booting worker") >= 5)
        assert server.process.poll() is None
        assert missing(admin) == 1
        assert "ferryman_workers_missing 1" in get(admin, "/metrics")[1]
        said = {
            "database": "the database is away",
            "certificate": "cannot be used",
            "crash": "ended with status 7",
        }[cause]
        assert sum(said in line["message"] for line in lines(server)) == 1, server.log.read_text()
        (place / "away").unlink(missing_ok=True)
        if good:
            chain.write_bytes(good)
        if cause == "crash":
            (place / "served.py").write_text(NEEDY)
        server.wait_until(lambda: missing(admin) == 0, timeout=60)


def lines(server: Server) -> list[dict[str, str]]:
    text = server.log.read_text().splitlines()
    return [json.loads(line) for line in text if line.startswith("{")]


def _message(line: dict[str, str]) -> str:
    return line["message"]


def test_pauses_grow_and_a_cause_is_new_once() -> None:
    restarts = Restarts()
    told = [restarts.fail(f"port {n} refused at 0x{n:x}f", 100.0 * n) for n in range(8)]
    assert [pause for pause, _ in told] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [new for _, new in told] == [True, *[False] * 7]
    assert restarts.not_before == 760
    restarts.try_now()
    assert restarts.fail("port 9 refused at 0x9f", 800) == (1, False)
    assert restarts.fail("no such host", 800) == (2, True)
    restarts.recover()
    assert restarts.fail("no such host", 900) == (1, True)


def test_a_failure_at_the_first_start_ends_the_server(place: Path) -> None:
    (place / "away").touch()
    with running(place, NEEDY, plain=False, workers=2) as server:
        assert server.process.wait(60) == 3
        first = next(line for line in lines(server) if line["level"] == "ERROR")
        assert first["message"].startswith("the application raised ConnectionError")


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_app_starts_breaks_the_start_off(
    place: Path, sent: signal.Signals
) -> None:
    (place / "slow").touch()
    with running(place, NEEDY, plain=False) as server:
        server.wait_until(lambda: "starting" in server.log.read_text())
        began = time.monotonic()
        server.signal(sent)
        assert server.process.wait(30) == 0
        assert time.monotonic() - began < 20
        assert "cleaned up" in server.log.read_text()


def test_a_signal_while_the_app_blocks_its_start_takes_no_longer_than_it_must(place: Path) -> None:
    (place / "blocked").touch()
    with running(place, NEEDY, plain=False) as server:
        server.wait_until(lambda: "starting" in server.log.read_text())
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert time.monotonic() - began < BREAK_OFF_TIMEOUT + 15


def test_a_signal_while_the_app_is_imported_ends_it_at_once(place: Path) -> None:
    source = "import time\nprint('importing', flush=True)\ntime.sleep(60)\n"
    with running(place, source, plain=False) as server:
        server.wait_until(lambda: "importing" in server.log.read_text())
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        assert time.monotonic() - began < 20


def test_a_replacement_that_hangs_does_not_stand_in_the_way_of_the_next(place: Path) -> None:
    with running(place, NEEDY) as server:
        old = server.workers()
        (place / "slow").touch()
        starts = server.log.read_text().count("starting\n")
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: server.log.read_text().count("starting\n") > starts)
        (place / "slow").unlink()
        (place / "served.py").write_text(NEEDY)
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: not server.workers() & old and server.is_listening())
        server.wait_until(lambda: len(server.workers()) == 1)
        assert "which has not started" in server.log.read_text()


def test_a_start_that_takes_too_long_is_given_up_and_the_log_says_where(place: Path) -> None:
    with running(place, NEEDY, start_timeout=2) as server:
        old = server.workers()
        (place / "slow").touch()
        server.signal(signal.SIGHUP)
        server.wait_until(lambda: "the workers stay as they were" in server.log.read_text())
        said = next(m for m in map(_message, lines(server)) if "not started within" in m)
        assert said.startswith("the application has not started within 2 s")
        assert "in database" in said
        assert server.workers() >= old
        assert server.is_listening()


def test_systemd_is_told_once_every_worker_has_started(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "slow").touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(place / "n"))
        heard.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(place / "n"))
        with running(place, NEEDY, plain=False, workers=2) as server:
            server.wait_until(lambda: server.log.read_text().count("starting") >= 2)
            time.sleep(0.3)
            (place / "slow").unlink()
            said = [heard.recv(200)]
            while said[-1] != b"READY=1":
                said.append(heard.recv(200))
            assert said[0] == b"STATUS=0 of 2 workers ready"
            assert said[-2] == b"STATUS=2 of 2 workers ready"
            assert server.is_listening()
