"""What goes wrong while an app is edited: said, survived, and nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.local.reload.dev import APP, Dev


@pytest.fixture(params=["server", "lambda"])
def dev(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dev]:
    directory = tmp_path / "shop"
    directory.mkdir()
    running = Dev(directory, request.param)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def test_nothing_is_left_after_ctrl_c(dev: Dev) -> None:
    dev.until("one")
    dev.save("two")
    dev.until("two")
    wait_until(lambda: dev.processes() and "Z" not in dev.children().values())
    assert dev.end() == 0
    assert dev.processes() == {}
    assert list(dev.scratch.iterdir()) == []


def test_nothing_is_left_when_it_is_killed(dev: Dev) -> None:
    dev.until("one")
    assert dev.processes()
    dev.process.kill()
    dev.process.wait()
    wait_until(lambda: not dev.processes())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os._exit(7)", "status 7"),
        ("import sys; sys.exit('no database')", "no database"),
        ("raise OSError('no database')", "no database"),
        ("def create_app(:", "SyntaxError"),
        ("create_app = 7", "create_app"),
    ],
)
def test_an_app_that_does_not_start_is_explained(source: str, said: str, dev: Dev) -> None:
    dev.until("one")
    (dev.directory / "shop.py").write_text(source)
    status, _ = dev.until(said)
    assert status >= 500
    assert said in dev.log.read_text()
    dev.save("two")
    assert dev.until("two")[0] == 200


def test_an_app_that_ends_as_soon_as_it_answers_is_not_started_for_ever(tmp_path: Path) -> None:
    directory = tmp_path / "shop"
    directory.mkdir()
    dev = Dev(directory, "server")
    try:
        dev.until("one")
        going = "asyncio.get_running_loop().call_later(0.1, os._exit, 5)"
        source = APP.replace(
            "    app = web.Application()", f"    {going}\n    app = web.Application()"
        )
        (directory / "shop.py").write_text(source)
        status, said = dev.until("as soon as it is ready")
        assert (status, "status 5" in said) == (500, True)
        log = dev.log.read_text()
        assert log.count("starts another one") == 2
        assert log.count("as soon as it is ready") == 1
        dev.save("two")
        dev.until("two")
    finally:
        assert dev.end() == 0


def test_an_app_that_never_starts_holds_nothing_up(dev: Dev) -> None:
    dev.until("one")
    source = "import time\nopen('begun', 'w').close()\ntime.sleep(600)\n"
    (dev.directory / "shop.py").write_text(source)
    wait_until((dev.directory / "begun").exists)
    dev.save("two")
    dev.until("two")
    (dev.directory / "begun").unlink()
    (dev.directory / "shop.py").write_text(source)
    wait_until((dev.directory / "begun").exists)
    assert dev.end() == 0
    assert dev.processes() == {}


def test_a_process_that_is_killed_in_a_request_fails_that_one_alone(dev: Dev) -> None:
    dev.until("one")
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(dev.get("/slow")[0])
        except OSError as error:
            answers.append(type(error).__name__)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until((dev.directory / "slow").exists)
    for pid in dev.processes():
        os.kill(pid, signal.SIGKILL)
    asking.join(20)
    # A server's connection goes with its process; in front of Lambda stands another.
    assert answers in ([502], ["ConnectionResetError"], ["RemoteDisconnected"])
    assert dev.until("one")[0] == 200
    wait_until(lambda: "Z" not in dev.children().values())


def test_ctrl_c_does_not_wait_for_a_client_that_stays(dev: Dev) -> None:
    dev.until("one")
    (dev.directory / "slow").unlink(missing_ok=True)
    asking = threading.Thread(target=ask_and_forget, args=(dev,))
    asking.start()
    wait_until((dev.directory / "slow").exists)
    began = time.monotonic()
    assert dev.end() == 0
    assert time.monotonic() - began < 10
    asking.join(20)


def ask_and_forget(dev: Dev) -> None:
    with suppress(OSError):
        dev.get("/slow?seconds=30")
