"""The servers that `benchmarks/server.py` compares: how each is started, watched and ended.

All of them answer the same JSON with one worker, on one processor that the load generator
does not use.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.ports import free_port

__all__ = (
    *("APPS", "BARE", "BARE_LOG", "BARE_UV", "COMMANDS", "OURS", "OURS_ADMIN", "OURS_LOG"),
    *("OURS_UV", "SERVER_CPU", "Contender", "served", "serving"),
    "started",
)

APPS = """
from aiohttp import web
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

BODY = {"name": "ada", "cards": [1, 2, 3], "sent": True}

async def hello(request):
    return web.json_response(BODY)

async def other_hello(request):
    return JSONResponse(BODY)

app = web.Application()
app.router.add_get("/hello/{name}", hello)
other = Starlette(routes=[Route("/hello/{name}", other_hello)])
"""

SERVER_CPU = max(os.sched_getaffinity(0))
"""The processor that servers run on; the load generator has the others."""

BARE, BARE_LOG = "gunicorn + aiohttp", "gunicorn + aiohttp, text log"
OURS, OURS_LOG = "ferryman", "ferryman, JSON log"
OURS_ADMIN = "ferryman, JSON log and metrics"
BARE_UV, OURS_UV = "gunicorn + aiohttp, uvloop", "ferryman, uvloop"

_PYTHON = sys.executable
_GUNICORN = (
    *(_PYTHON, "-m", "gunicorn", "apps:app", "-w1", "-b", "127.0.0.1:{port}"),
    # Else idle connections are gone after 2 s, before they can be counted.
    *("--keep-alive", "75", "-k"),
)
_AIOHTTP = (*_GUNICORN, "aiohttp.GunicornWebWorker")
_FERRYMAN = (_PYTHON, "-m", "ferryman.targets.server.runtime")
_HOST = ("--host", "127.0.0.1", "--port", "{port}")

COMMANDS: Mapping[str, tuple[str, ...]] = {
    BARE: _AIOHTTP,
    OURS: _FERRYMAN,
    BARE_LOG: (*_AIOHTTP, "--access-logfile", "-"),
    OURS_LOG: _FERRYMAN,
    OURS_ADMIN: _FERRYMAN,
    BARE_UV: (*_GUNICORN, "aiohttp.GunicornUVLoopWebWorker"),
    OURS_UV: _FERRYMAN,
    "uvicorn + Starlette": (_PYTHON, "-m", "uvicorn", "apps:other", "--no-access-log", *_HOST),
    "granian + Starlette": (
        *(_PYTHON, "-m", "granian", "apps:other", "--interface", "asgi", "--no-access-log"),
        *_HOST,
    ),
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that runs.

    Attributes:
        port: Where it listens.
        process: The one that was started, which may have others.
    """

    port: int
    process: subprocess.Popen[bytes]

    @property
    def family(self) -> list[int]:
        """The numbers of its processes, the first one first."""
        found = [self.process.pid]
        for pid in found:
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found

    def cpu_seconds(self) -> float:
        """Return the time on the processor that all its threads have had."""
        threads = (t for pid in self.family for t in Path(f"/proc/{pid}/task").iterdir())
        return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e9

    def resident(self) -> float:
        """Return the memory of its youngest process, in KiB."""
        pages = int(Path(f"/proc/{self.family[-1]}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024


@contextmanager
def serving(names: tuple[str, ...], root: Path) -> Iterator[dict[str, Contender]]:
    """Run several contenders beside each other, and end them."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(served(name, root)) for name in names}


@contextmanager
def served(name: str, root: Path) -> Iterator[Contender]:
    """Run a contender, and end it."""
    port = free_port()
    settings = root / f"{port}.json"
    settings.write_text(_settings(name, port))
    paths = [str(root), *([str(root / "with-uvloop")] if name in (BARE_UV, OURS_UV) else [])]
    command = [part.format(port=port) for part in COMMANDS[name]]
    with started(["taskset", "-c", str(SERVER_CPU), *command], port, root, paths) as process:
        if not _answers(port, process):
            sys.exit(f"{name} does not answer:\n{(root / f'{port}.log').read_text()}")
        yield Contender(port, process)


@contextmanager
def started(
    command: Sequence[str], port: int, root: Path, paths: Sequence[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, and end it with the block.

    Args:
        command: What starts it.
        port: Names its settings and its log: PORT.json and PORT.log.
        root: Where it runs.
        paths: Where its modules are.
    """
    environment = os.environ | {
        "FERRYMAN_SETTINGS": str(root / f"{port}.json"),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    with (root / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _settings(name: str, port: int) -> str:
    options = {
        "bind": f"127.0.0.1:{port}",
        "access_log": name in (OURS_LOG, OURS_ADMIN),
        "log_format": "json",
        "admin_bind": f"127.0.0.1:{free_port()}" if name == OURS_ADMIN else None,
    }
    common = {"format": 1, "app": "apps:app", "name": "bench", "version": "1"}
    return json.dumps({**common, "target": "server", "options": options})


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait for the first answer, and return whether there was one."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/hello/ada")
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False
