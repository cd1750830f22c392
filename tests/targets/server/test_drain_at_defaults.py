"""A server at its default times ends by itself, whatever its clients do.

The defaults take three quarters of a minute, so all the servers wait it out side by side, and
each test looks at what is left of one.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.targets.server.running import Server, running

from ferryman.core.serving import TERMINATION_GRACE
from ferryman.targets.server.options import ServerOptions, deployed
from ferryman.targets.server.runtime import master, worker
from ferryman.targets.server.runtime.options import ServerSettings

DEFAULTS = {
    key: value
    for key, value in deployed(ServerOptions()).items()
    if key not in ("bind", "admin_bind")
}
TIMING = ServerSettings.read(DEFAULTS).timing
STREAMS = 1000

APP = """
import asyncio, os, time
from aiohttp import web
import ferryman

NOTES = os.open("{notes}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def note(text):
    os.write(NOTES, f"{{os.getpid()}} {{time.time():.2f}} {{text}}\\n".encode())

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(b"data: tick\\n\\n")
            await asyncio.sleep(1)
    finally:
        await asyncio.sleep(0.2)
        note("stream ended")

async def told(request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        await response.write(b"data: welcome\\n\\n")
        await ferryman.draining().wait()
        await response.write(b"data: farewell\\n\\n")
    finally:
        note("told ended")
    return response

async def poll(request):
    try:
        await asyncio.sleep(3600)
    finally:
        note(f"{{request.query['who']}} ended")

async def large(request):
    try:
        response = web.Response(body=bytes(8 * 2**20))
        await response.prepare(request)
        await response.write_eof()
        return response
    finally:
        note("large ended")

async def stubborn(request):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            note("stubborn goes on")

async def thread(request):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)
    return web.Response()

async def tidy(app):
    note("started")
    yield
    note("cleanup begins")
    await asyncio.sleep({cleanup})
    note("cleaned up")

async def shut(app):
    note("on_shutdown")

app = web.Application()
app.cleanup_ctx.append(tidy)
app.on_shutdown.append(shut)
app.router.add_get("/", lambda request: web.Response(text=str(os.getpid())))
for handler in (stream, told, poll, large, stubborn, thread):
    app.router.add_get("/" + handler.__name__, handler)
"""


@dataclass(slots=True)
class Case:
    """One server, the clients that hold it, and when each of its processes ended."""

    server: Server
    notes: Path
    clients: list[socket.socket]
    workers: set[int]
    took: float = 0.0

    def ask(self, path: str, count: int = 1, *, read: bool = True) -> None:
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", self.server.port), 10)
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if read:
                client.recv(12)
            self.clients.append(client)

    def has_started(self) -> bool:
        return self.notes.exists() and "started" in self.notes.read_text()

    def ended(self) -> bool:
        return all(not Path(f"/proc/{pid}").exists() for pid in self.workers)

    def seen(self) -> Counter[str]:
        """What the app noted in the workers that were told to end, with how often."""
        rows = (line.split(" ", 2) for line in self.notes.read_text().splitlines())
        return Counter(text for pid, _, text in rows if int(pid) in self.workers)

    def log(self) -> str:
        return self.server.log.read_text()


def open_case(stack: ExitStack, root: Path, *, cleanup: float = 0.2) -> Case:
    root.mkdir()
    notes = root / "notes"
    source = APP.format(notes=notes, cleanup=cleanup)
    server = stack.enter_context(running(root, source, plain=False, **DEFAULTS))
    return Case(server, notes, [], set())


def hold(case: Case) -> None:
    """Open one of each kind of client that does not go away by itself."""
    case.ask("/stream")
    case.ask("/poll?who=poll", read=False)
    case.ask("/large", read=False)
    case.ask("/poll?who=left", read=False)
    time.sleep(0.3)
    case.clients.pop().close()


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Case]]:
    root = tmp_path_factory.mktemp("defaults")
    with ExitStack() as stack:
        found = {
            name: open_case(stack, root / name, cleanup=3600 if name == "hanging" else 0.2)
            for name in ("stopped", "reloaded", "stubborn", "hanging", "thread", "streams")
        }
        for case in found.values():
            case.server.wait_until(case.has_started, timeout=120)
            case.workers = case.server.workers()
        for name in ("stopped", "reloaded", "hanging"):
            hold(found[name])
        found["stubborn"].ask("/stubborn", read=False)
        found["thread"].ask("/thread")
        found["streams"].ask("/told", STREAMS)
        time.sleep(0.5)
        began = time.monotonic()
        for name, case in found.items():
            case.server.signal(signal.SIGHUP if name == "reloaded" else signal.SIGTERM)
        waiting = list(found.values())
        while waiting and time.monotonic() - began < TIMING.shutdown + 15:
            for case in [case for case in waiting if case.ended()]:
                case.took = time.monotonic() - began
                waiting.remove(case)
            time.sleep(0.05)
        yield found
        found["reloaded"].server.signal(signal.SIGQUIT)
        for case in found.values():
            for client in case.clients:
                client.close()


def status(case: Case) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return case.server.process.wait(2)
    return None


@pytest.mark.parametrize("name", ["stopped", "reloaded"])
def test_handlers_are_cancelled_in_time_and_then_the_app_cleans_up(
    cases: dict[str, Case], name: str
) -> None:
    case = cases[name]
    seen = case.seen()
    for what in ("stream", "poll", "large", "left"):
        assert seen[f"{what} ended"] == 1, (what, seen)
    assert seen["on_shutdown"] == 1
    assert seen["cleaned up"] == 1
    cancelled = TIMING.drain_delay + TIMING.graceful_timeout
    assert cancelled - 1 < case.took < TIMING.shutdown
    assert "Timeout (" not in case.log()
    if name == "stopped":
        assert status(case) == 0
    else:
        assert case.server.process.poll() is None


def test_a_handler_that_goes_on_when_cancelled_does_not_keep_the_app_from_cleaning_up(
    cases: dict[str, Case],
) -> None:
    case = cases["stubborn"]
    assert case.seen()["cleaned up"] == 1
    assert status(case) == 0
    assert case.took < TIMING.shutdown
    assert "GET /stubborn" in case.log()


def test_a_cleanup_that_hangs_is_cut_short_and_the_log_says_where(cases: dict[str, Case]) -> None:
    case = cases["hanging"]
    seen = case.seen()
    assert (seen["cleanup begins"], seen["cleaned up"]) == (1, 0)
    assert case.took < TIMING.shutdown
    assert status(case) == 0
    assert any("in tidy" in line.get("message", "") for line in records(case))


def test_a_thread_that_goes_on_is_given_up_and_the_log_says_where(cases: dict[str, Case]) -> None:
    case = cases["thread"]
    assert case.seen()["cleaned up"] == 1
    assert case.took < TIMING.shutdown
    assert status(case) == 0
    assert "concurrent/futures/thread.py" in case.log()


def test_a_thousand_streams_are_told_and_end_by_themselves(cases: dict[str, Case]) -> None:
    case = cases["streams"]
    seen = case.seen()
    assert seen["told ended"] == STREAMS
    assert seen["cleaned up"] == 1
    assert TIMING.drain_delay - 0.5 < case.took < TIMING.drain_delay + 15
    assert status(case) == 0
    heard = 0
    for client in case.clients:
        text = b""
        with suppress(OSError):
            while piece := client.recv(65536):
                text += piece
        heard += b"farewell" in text and text.endswith(b"0\r\n\r\n")
    assert heard == STREAMS


def records(case: Case) -> list[dict[str, str]]:
    return [json.loads(line) for line in case.log().splitlines() if line.startswith("{")]


def test_the_page_about_the_end_adds_up_what_the_code_does() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/shutdown.md").read_text(encoding="utf-8")
    after = TIMING.shutdown - TIMING.drain_delay - TIMING.graceful_timeout
    assert f"`drain_delay` + `graceful_timeout` + {after:g} s" in page
    for who, limit in (
        ("systemd", TIMING.shutdown),
        ("Kubernetes", TERMINATION_GRACE),
        ("a worker", TIMING.shutdown - worker.HEAD_START),
        ("the master", TIMING.shutdown - master.HEAD_START),
        ("`ferryman dev`", TIMING.shutdown - TIMING.drain_delay),
    ):
        assert re.search(rf"^\| {who}[^|]*\| {limit:g} s", page, re.MULTILINE), who
