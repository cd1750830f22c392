"""`ferryman dev` as a process, the file that it watches, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from scripts.ports import free_port

APP = """
import asyncio, os
from aiohttp import web

async def hello(request):
    return web.Response(text="VERSION " + os.environ.get("GREETING", "-"))

async def slow(request):
    open("slow", "w").close()
    await asyncio.sleep(float(request.query.get("seconds", 1)))
    return web.Response(text="VERSION slowly")

async def build():
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/slow", slow)
    return app

def create_app():
    return asyncio.get_event_loop().run_until_complete(build())
"""
MARK = "STARTED_BY_TEST"
RUN = "import sys; from ferryman.cli.dev import command; sys.exit(command.main(sys.argv[1:]))"


class Dev:
    """The command, running, and the file it watches."""

    def __init__(self, directory: Path, target: str, source: str = APP) -> None:
        self.directory = directory
        self.source = source
        self.base = f"http://127.0.0.1:{free_port()}"
        (directory / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:create_app"\n')
        (directory / ".env").write_text("# comment\nexport GREETING='good day'\n")
        self.save("one")
        self.log = directory.parent / "dev.log"
        command = [sys.executable, "-c", RUN, "-t", target, "-C", str(directory)]
        command += ["--bind", self.base.removeprefix("http://")]
        command += ["--env-file", str(directory / ".env")]
        self.scratch = directory.parent / "scratch"
        self.scratch.mkdir()
        own = {"TMPDIR": str(self.scratch), MARK: str(directory)}
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=os.environ | own
            )

    def save(self, version: str) -> None:
        (self.directory / "shop.py").write_text(self.source.replace("VERSION", version))

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

    def wait_for(self, true: Callable[[], bool]) -> None:
        """Wait until a condition holds, while the command runs."""
        deadline = time.monotonic() + 30
        while not true():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)

    def processes(self) -> dict[int, str]:
        """Return the state of each process that it has started, by their ids."""
        mark = f"{MARK}={self.directory}".encode()
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    state = (place / "stat").read_text().rpartition(")")[2].split()[0]
                    found[int(place.name)] = state
            except OSError:
                continue
        return {pid: state for pid, state in found.items() if pid != self.process.pid}

    def children(self) -> dict[int, str]:
        """Return the state of each child, of those too that have ended: they are zombies."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == self.process.pid:
                found[int(place.name)] = state
        return found
