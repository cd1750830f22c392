"""`ferryman dev`, as whoever edits and reloads sees it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = """
import asyncio, os
from aiohttp import web

async def hello(request):
    return web.Response(text="VERSION " + os.environ.get("GREETING", "-"))

async def slow(request):
    open("slow", "w").close()
    await asyncio.sleep(1)
    return web.Response(text="VERSION slowly")

def create_app():
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/slow", slow)
    return app
"""
RUN = "import sys; from ferryman.cli.dev import command; sys.exit(command.main(sys.argv[1:]))"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Dev:
    """The command, running, and the file it watches."""

    def __init__(self, directory: Path, target: str) -> None:
        self.directory = directory
        self.base = f"http://127.0.0.1:{free_port()}"
        (directory / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:create_app"\n')
        (directory / ".env").write_text("# comment\nexport GREETING='good day'\n")
        self.save("one")
        self.log = directory.parent / "dev.log"
        command = [sys.executable, "-c", RUN, "-t", target, "-C", str(directory)]
        command += ["--bind", self.base.removeprefix("http://")]
        command += ["--env-file", str(directory / ".env")]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def save(self, version: str) -> None:
        (self.directory / "shop.py").write_text(APP.replace("VERSION", version))

    def get(self, path: str = "/") -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.base + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until(self, wanted: str) -> tuple[int, str]:
        """Return the first answer that holds a text."""
        deadline = time.monotonic() + 20
        answer = (0, "nothing")
        while time.monotonic() < deadline:
            try:
                answer = self.get()
            except OSError:
                answer = (0, "refused")
            if wanted in answer[1]:
                return answer
            time.sleep(0.02)
        raise AssertionError(f"{wanted!r} never came: {answer}\n{self.log.read_text()}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


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
    (dev.directory / "shop.py").write_text("def create_app(:\n")
    status, _ = dev.until("SyntaxError")
    assert status >= 500
    assert "SyntaxError" in dev.log.read_text()
    dev.save("two")
    assert dev.until("two") == (200, "two good day")
    assert dev.end() == 0
    with pytest.raises(OSError, match="refused"):
        dev.get()


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
