"""`ferryman dev`, as a developer who edits and reloads sees it."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.local.reload.dev import APP, RUN, Dev

# It starts when there is a file "go".
HELD = APP.replace(
    "    app = web.Application()",
    """    open("starting", "w").close()
    while not os.path.exists("go"):
        await asyncio.sleep(0.02)
    app = web.Application()""",
)


@pytest.fixture(params=["server", "lambda"])
def dev(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dev]:
    directory = tmp_path / "shop"
    directory.mkdir()
    running = Dev(directory, request.param)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_a_save_is_in_the_next_answer_and_a_mistake_is_explained(dev: Dev) -> None:
    assert dev.until("one") == (200, "one good day")
    unmoved = "shop.py:9: M401 slow writes slow: the app can write only to /tmp"
    assert (unmoved in dev.log.read_text()) == ("lambda" in str(dev.process.args))
    (dev.directory / "shop.py").write_text("def create_app(:\n")
    status, _ = dev.until("SyntaxError")
    assert status >= 500
    assert "SyntaxError" in dev.log.read_text()
    dev.save("two")
    assert dev.until("two") == (200, "two good day")
    assert dev.end() == 0
    with pytest.raises(OSError, match="refused"):
        dev.get()


@pytest.mark.parametrize("target", ["server", "lambda"])
def test_the_address_is_announced_once_the_app_answers_there(target: str, tmp_path: Path) -> None:
    (directory := tmp_path / "shop").mkdir()
    dev = Dev(directory, target, source=HELD)
    try:
        dev.wait_for((directory / "starting").exists)
        assert "answers at" not in dev.log.read_text()
        (directory / "go").touch()
        dev.wait_for(lambda: f"{target} answers at {dev.base}" in dev.log.read_text())
        assert dev.get() == (200, "one good day")
    finally:
        dev.process.kill()
        dev.process.wait()


def test_a_request_in_flight_is_finished_by_the_code_it_began_with(dev: Dev) -> None:
    dev.until("one")
    answers: list[tuple[int, str]] = []
    waiting = threading.Thread(target=lambda: answers.append(dev.get("/slow")))
    waiting.start()
    while not (dev.directory / "slow").exists():
        time.sleep(0.01)
    dev.save("two")
    dev.until("two")
    waiting.join(20)
    assert answers == [(200, "one slowly")]


def test_ctrl_c_ends_a_stream_and_the_app_cleans_up(tmp_path: Path) -> None:
    directory = tmp_path / "shop"
    directory.mkdir()
    dev = Dev(directory, "server")
    try:
        tidy = "    app.on_cleanup.append(tidy)\n    return app"
        noted = "async def tidy(app):\n    open('tidied', 'w').close()\n\ndef create_app"
        text = APP.replace("    return app", tidy).replace("def create_app", noted)
        (directory / "shop.py").write_text(text.replace("VERSION", "two"))
        dev.until("two")
        threading.Thread(target=lambda: _ignore(dev, "/slow?seconds=600"), daemon=True).start()
        while not (directory / "slow").exists():
            time.sleep(0.01)
        assert dev.end() == 0
        assert (directory / "tidied").exists()
        assert dev.processes() == {}
    finally:
        dev.process.kill()
        dev.process.wait()


def _ignore(dev: Dev, path: str) -> None:
    with suppress(OSError, http.client.HTTPException):
        dev.get(path)


def test_saved_settings_and_variables_hold_from_then_on(dev: Dev) -> None:
    assert dev.until("one") == (200, "one good day")
    (dev.directory / ".env").write_text("GREETING=evening\n")
    assert dev.until("evening") == (200, "one evening")
    (dev.directory / ".env").write_text("no variable\n")
    until_said(dev, "is not NAME=value")
    assert "ferryman keeps the previous settings" in dev.log.read_text()
    assert dev.until("evening") == (200, "one evening")
    (dev.directory / ".env").write_text("GREETING=night\n")
    assert dev.until("night") == (200, "one night")
    (dev.directory / "other.py").write_text(APP.replace("VERSION", "other"))
    (dev.directory / "pyproject.toml").write_text('[tool.ferryman]\napp = "other:create_app"\n')
    assert dev.until("other") == (200, "other night")
    (dev.directory / "pyproject.toml").write_text("[tool.ferryman]\n")
    until_said(dev, "the project names no app")
    assert dev.until("other") == (200, "other night")


def until_said(dev: Dev, wanted: str) -> None:
    deadline = time.monotonic() + 20
    while wanted not in dev.log.read_text():
        assert time.monotonic() < deadline, dev.log.read_text()
        time.sleep(0.02)


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:create_app"\n')
    (tmp_path / "shop.py").write_text(APP)
    for target in ("server", "lambda"):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            bind = f"127.0.0.1:{taken.getsockname()[1]}"
            arguments = ["-t", target, "-C", str(tmp_path), "--bind", bind]
            done = subprocess.run(
                [sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, timeout=20
            )
        assert done.returncode != 0
        assert f"cannot listen at {bind}" in done.stderr
