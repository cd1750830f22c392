"""The server beside its peers: one JSON route, one worker, driven by wrk.

All contenders run at once and are asked in turns, a second each, so that whatever else the
machine does affects all alike. They are restarted many times, because two starts of one server can
differ in memory layout by more than two servers do. The result is the median of the turns'
ratios, of requests a second and of CPU time for a request, which is less noisy.
The bare one is gunicorn with aiohttp's own worker.

Run it with `make bench-server`; it needs wrk, as Debian packages it.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server_contenders import (
    APPS,
    BARE,
    BARE_LOG,
    BARE_UV,
    COMMANDS,
    OURS,
    OURS_ADMIN,
    OURS_LOG,
    OURS_UV,
    SERVER_CPU,
    Contender,
    served,
    serving,
)

_CONNECTIONS = 32
_UNITS = {"us": 0.001, "ms": 1, "s": 1000}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one turn showed.

    Attributes:
        rate: Requests a second.
        cost: Microseconds on the processor for a request, of all the server's processes.
        p99: The 99th percentile of the time to an answer, in milliseconds.
    """

    rate: float
    cost: float
    p99: float


Figures = Mapping[str, Sequence[Figure]]


def drive(contender: Contender, seconds: float, root: Path, rate: float | None = None) -> Figure:
    """Send requests with wrk, as fast as they are answered or at a rate."""
    others = sorted(os.sched_getaffinity(0) - {SERVER_CPU}) or [SERVER_CPU]
    command = ["taskset", "-c", ",".join(map(str, others)), "wrk", "-t1", "--latency"]
    command += [f"-c{_CONNECTIONS}", f"-d{seconds:g}s"]
    if rate:
        # Each connection pauses, by chance between none and twice the mean.
        pause = 2000 * _CONNECTIONS / rate
        script = root / "pause.lua"
        script.write_text(f"function delay() return math.random(0, {pause:.0f}) end")
        command += ["-s", str(script)]
    began = contender.cpu_seconds()
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{contender.port}/hello/ada"],
        capture_output=True,
        text=True,
        check=True,
    )
    spent = contender.cpu_seconds() - began
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"not every request was answered:\n{done.stdout}")
    return _figure(done.stdout, spent)


def _figure(output: str, cpu_seconds: float) -> Figure:
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    count = re.search(r"(\d+) requests in", output)
    assert p99
    assert rate
    assert count
    cost = cpu_seconds / int(count[1]) * 1e6
    return Figure(float(rate[1]), cost, float(p99[1]) * _UNITS[p99[2]])


def measure(
    names: tuple[str, ...],
    chosen: argparse.Namespace,
    root: Path,
    *,
    starts: int | None = None,
    rate: float | None = None,
) -> Figures:
    """Return each contender's figures, one of every turn."""
    found: dict[str, list[Figure]] = {name: [] for name in names}
    for start in range(starts or chosen.starts):
        with serving(names, root) as running:
            for contender in running.values():
                drive(contender, 1, root)
            for turn in range(chosen.rounds):
                # The other way round each time, so that who is first is fair to all.
                for name in names if (start + turn) % 2 else reversed(names):
                    found[name].append(drive(running[name], chosen.seconds, root, rate))
    return found


def idle_memory(name: str, count: int, root: Path) -> float:
    """Return KiB a connection, of `count` that have asked once and are kept."""
    with served(name, root) as contender:
        before = contender.resident()
        kept = []
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", contender.port))
            connection.sendall(b"GET /hello/ada HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(4096)
            kept.append(connection)
        grown = contender.resident() - before
        for connection in kept:
            connection.close()
    return grown / count


def ratio(found: Figures, one: str, other: str, value: Callable[[Figure], float]) -> str:
    """Return the median of the turns' ratios, and between which the middle half lies."""
    ratios = [value(a) / value(b) for a, b in zip(found[one], found[other], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def compare(found: Figures, one: str, other: str) -> None:
    """Print how one does beside another: more is better, of both ratios."""
    rate = ratio(found, one, other, lambda figure: figure.rate)
    cost = ratio(found, one, other, lambda figure: 1 / figure.cost)
    print(f"{one} / {other}: requests/s {rate}, by processor time {cost}")


def show(found: Figures) -> None:
    """Print the medians of each contender."""
    for name, figures in found.items():
        rate = statistics.median(figure.rate for figure in figures)
        cost = statistics.median(figure.cost for figure in figures)
        print(f"{name:32} {rate:8,.0f} requests/s {cost:8.1f} us of processor time each")


def report_load(chosen: argparse.Namespace, root: Path) -> float:
    """Measure under full load, print the ratios, and return the bare one's rate."""
    found = measure((BARE, OURS, BARE_LOG, OURS_LOG), chosen, root)
    show(found)
    compare(found, OURS, BARE)
    compare(found, OURS_LOG, BARE_LOG)
    return statistics.median(figure.rate for figure in found[BARE])


def report_others(chosen: argparse.Namespace, root: Path) -> None:
    """Measure, in fewer turns, the contenders that are shown for comparison only."""
    has_uvloop = (root / "with-uvloop").exists()
    left_out = {BARE_LOG, OURS_LOG} | (set() if has_uvloop else {BARE_UV, OURS_UV})
    names = tuple(name for name in COMMANDS if name not in left_out)
    found = measure(names, chosen, root, starts=max(1, chosen.starts // 4))
    show(found)
    compare(found, OURS_ADMIN, OURS)
    if has_uvloop:
        compare(found, OURS_UV, BARE_UV)
        compare(found, OURS_UV, OURS)


def report_half(chosen: argparse.Namespace, root: Path, rate: float) -> None:
    """Measure at a rate that is half of the load, and print the percentiles."""
    found = measure((BARE, OURS), chosen, root, rate=rate)
    reached = statistics.median(figure.rate for figure in found[OURS])
    p99 = statistics.median(figure.p99 for figure in found[OURS])
    beside = ratio(found, OURS, BARE, lambda figure: figure.p99)
    print(f"p99 at {reached:,.0f} requests/s: {p99:.2f} ms, {beside} of the bare one's")


def main() -> None:
    """Measure, and print a table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=12, help="how often all are restarted")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each, in every start")
    parser.add_argument("--seconds", type=float, default=1, help="of a turn")
    parser.add_argument("--connections", type=int, default=10_000, help="idle ones")
    parser.add_argument("--uvloop", type=Path, help="a directory that has it, to measure it too")
    chosen = parser.parse_args()
    for program in ("wrk", "taskset"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed: apt-get install wrk util-linux")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "apps.py").write_text(APPS)
        if chosen.uvloop:
            (root / "with-uvloop").symlink_to(chosen.uvloop.resolve())
        rate = report_load(chosen, root)
        report_half(chosen, root, rate / 2)
        report_others(chosen, root)
        count = min(chosen.connections, most - 200)
        for name in (BARE, OURS):
            print(f"{name:32} {idle_memory(name, count, root):8.1f} KiB an idle connection")


if __name__ == "__main__":
    main()
