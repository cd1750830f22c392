"""The server beside its peers: one JSON route, one worker, driven by wrk.

Every contender answers the same JSON on this machine, in turns, in several rounds; what
counts is the median of the rounds' ratios, for machines differ and have other work. The
bare one is gunicorn with aiohttp's own worker and no options but these.

Run it with `make bench-server`; it needs wrk, as Debian packages it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
PYTHON = sys.executable
GUNICORN = (
    *(PYTHON, "-m", "gunicorn", "apps:app", "-k", "aiohttp.GunicornWebWorker", "-w1"),
    # Else idle connections are gone after 2 s, before they can be counted.
    *("--keep-alive", "75"),
)
TEXT_LOG = ("--access-logfile", "-")
FERRYMAN = (PYTHON, "-m", "ferryman.targets.server.runtime")
BARE, BARE_LOG = "gunicorn + aiohttp", "gunicorn + aiohttp, text log"
OURS, OURS_LOG = "ferryman", "ferryman, JSON log"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    BARE: (*GUNICORN, "-b", "{bind}"),
    BARE_LOG: (*GUNICORN, "-b", "{bind}", *TEXT_LOG),
    OURS: FERRYMAN,
    OURS_LOG: FERRYMAN,
    "uvicorn + Starlette": (
        *(PYTHON, "-m", "uvicorn", "apps:other", "--no-access-log"),
        *("--host", "127.0.0.1", "--port", "{port}"),
    ),
    "granian + Starlette": (
        *(PYTHON, "-m", "granian", "apps:other", "--interface", "asgi", "--no-access-log"),
        *("--host", "127.0.0.1", "--port", "{port}"),
    ),
}
PEERS = tuple(COMMANDS)


@dataclass(frozen=True, slots=True)
class Figure:
    """What wrk saw: requests a second, and the 99th percentile in milliseconds."""

    rate: float
    p99: float


def settings(port: int, *, log: bool) -> str:
    """Return a settings file of ferryman's."""
    options = {"bind": f"127.0.0.1:{port}", "access_log": log, "log_format": "json"}
    common = {"format": 1, "app": "apps:app", "name": "bench", "version": "1"}
    return json.dumps({**common, "target": "server", "options": options})


@contextmanager
def served(name: str, root: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a contender, and end it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (root / "settings.json").write_text(settings(port, log=name == OURS_LOG))
    command = [part.format(bind=f"127.0.0.1:{port}", port=port) for part in COMMANDS[name]]
    environment = os.environ | {
        "FERRYMAN_SETTINGS": str(root / "settings.json"),
        "PYTHONPATH": str(root),
    }
    with (root / f"{name.replace(' ', '')}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        wait(port, process)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a contender answers."""
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/hello/ada")
            if connection.getresponse().status == 200:
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        finally:
            connection.close()


def drive(port: int, seconds: int, *, rate: float | None = None, root: Path) -> Figure:
    """Send requests with wrk, as fast as they are answered or at a rate."""
    connections = 32
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if rate:
        script = root / "pause.lua"
        # Each connection pauses, by chance between none and twice the mean.
        script.write_text(
            f"function delay() return math.random(0, {2000 * connections / rate:.0f}) end"
        )
        command += ["-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/hello/ada"], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"not every request was answered:\n{done.stdout}")
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    measured = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found
    assert measured
    return Figure(float(measured[1]), float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]])


def idle_memory(name: str, count: int, root: Path) -> float:
    """Return KiB a connection, of `count` that have asked once and are kept."""
    with served(name, root) as (port, process):
        worker = children(process.pid)[0]
        before = resident(worker)
        kept = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(b"GET /hello/ada HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(4096)
            kept.append(connection)
        grown = resident(worker) - before
        for connection in kept:
            connection.close()
    return grown / count


def children(pid: int) -> list[int]:
    """Return the processes that one has started."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def resident(pid: int) -> float:
    """Return a process's memory in KiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def measure(rounds: int, seconds: int, root: Path) -> dict[str, list[Figure]]:
    """Return each contender's figures, a round each."""
    found: dict[str, list[Figure]] = {name: [] for name in PEERS}
    for turn in range(rounds):
        # The other way round each time, so that a machine that tires is fair to all.
        for name in PEERS if turn % 2 else reversed(PEERS):
            with served(name, root) as (port, _):
                drive(port, 1, root=root)
                found[name].append(drive(port, seconds, root=root))
    return found


def measure_half(rounds: int, seconds: int, rate: float, root: Path) -> dict[str, list[Figure]]:
    """Return the figures of the two that are compared, at a rate that is half the load."""
    found: dict[str, list[Figure]] = {BARE: [], OURS: []}
    for turn in range(rounds):
        for name in found if turn % 2 else reversed(list(found)):
            with served(name, root) as (port, _):
                drive(port, 1, root=root)
                found[name].append(drive(port, seconds, rate=rate, root=root))
    return found


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def main() -> None:
    """Measure, and print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=10_000, help="idle ones")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "apps.py").write_text(APPS)
        found = measure(chosen.rounds, chosen.seconds, root)
        rates = {name: [figure.rate for figure in figures] for name, figures in found.items()}
        for name, each in rates.items():
            print(f"{name:32} {statistics.median(each):8,.0f} requests/s")
        print(f"log off: {ratio(rates[OURS], rates[BARE]):.3f} of the bare one")
        print(f"log on:  {ratio(rates[OURS_LOG], rates[BARE_LOG]):.3f} of the text log's")
        half = statistics.median(rates[BARE]) / 2
        late = measure_half(chosen.rounds, chosen.seconds, half, root)
        p99 = {name: [figure.p99 for figure in figures] for name, figures in late.items()}
        reached = statistics.median(figure.rate for figure in late[OURS])
        print(
            f"p99 at {reached:,.0f} requests/s: {statistics.median(p99[OURS]):.2f} ms, "
            f"{ratio(p99[OURS], p99[BARE]):.2f} of the bare one's"
        )
        count = min(chosen.connections, most - 200)
        for name in (BARE, OURS):
            print(f"{name:32} {idle_memory(name, count, root):8.1f} KiB an idle connection")


if __name__ == "__main__":
    main()
