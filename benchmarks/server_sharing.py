"""How evenly several workers share work that stalls their event loops, beside bare gunicorn.

Requests arrive at random (a Poisson process) on connections that are kept, each an idle one
chosen at random, as a load balancer's are. A handler sleeps without letting the loop go on, for a
time that is exponentially distributed with a mean of 50 ms: work that blocks and takes no
processor. What a request waits is what its answer took beyond that. All contenders run at once,
with the same arrivals. Requests are POSTs on sockets of our own, so that nothing is repeated.

One queue for all workers would do best; what it would do is computed (Erlang's C formula).

Run it with `make bench-server`; `--grid` measures the table of docs/explanation/load.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import product
from math import exp, factorial
from pathlib import Path

from benchmarks.posting import Connection, post
from benchmarks.server_contenders import started
from scripts.ports import free_port

APP = """
import os, random, time
from aiohttp import web

choose = random.Random()

async def work(request):
    began = time.monotonic()
    time.sleep(choose.expovariate(1 / 0.05))
    return web.Response(text=f"{os.getpid()} {time.monotonic() - began}")

app = web.Application()
app.router.add_post("/work", work)
"""

_MEAN = 0.05
_LATE = 0.1
_BARE, _KEPT, _SHARED = "gunicorn + aiohttp", "ferryman, not shared", "ferryman"


@dataclass(slots=True)
class Outcome:
    """What the requests to one contender met with: seconds that each waited, and who answered."""

    waits: list[float] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def late(self) -> float:
        """The share of requests that waited for more than 100 ms."""
        return sum(wait > _LATE for wait in self.waits) / len(self.waits)

    @property
    def split(self) -> str:
        """The share of each worker in the requests."""
        shares = sorted(count / self.answered.total() for count in self.answered.values())
        return "/".join(f"{share:.0%}" for share in shares)


def one_queue(workers: int, load: float) -> float:
    """Return the share that would wait for over 100 ms if all workers took from one queue.

    Args:
        workers: How many there are.
        load: Of each, from 0 to 1.
    """
    offered = workers * load
    busy = offered**workers / factorial(workers) / (1 - load)
    waiting = busy / (sum(offered**k / factorial(k) for k in range(workers)) + busy)
    return waiting * exp(-workers * (1 - load) * _LATE / _MEAN)


async def drive(port: int, connections: int, rate: float, seconds: float, seed: int) -> Outcome:
    """Send requests at a rate, and return what they met with."""
    choose, outcome = random.Random(seed), Outcome()
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    free = asyncio.Semaphore(connections)
    loop = asyncio.get_running_loop()
    due, end = loop.time(), loop.time() + seconds
    async with asyncio.TaskGroup() as group:
        while due < end:
            due += choose.expovariate(rate)
            await asyncio.sleep(due - loop.time())
            group.create_task(_ask(idle, free, choose, outcome))
    for _, writer in idle:
        writer.close()
    return outcome


async def _ask(
    idle: list[Connection], free: asyncio.Semaphore, choose: random.Random, outcome: Outcome
) -> None:
    began = time.monotonic()
    async with free:
        connection = idle.pop(choose.randrange(len(idle)))
        try:
            worker, worked = (await post(connection, "/work")).body.split()
            outcome.waits.append(time.monotonic() - began - float(worked))
            outcome.answered[worker] += 1
        except (OSError, EOFError, ValueError) as error:
            outcome.failures[repr(error)] += 1
        idle.append(connection)


async def measure(
    workers: int, connections: int, load: float, seconds: float, seed: int
) -> dict[str, Outcome]:
    """Return what requests to each contender met with, all of them asked at the same time."""
    rate = workers * load / _MEAN
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        root = Path(directory)
        (root / "work.py").write_text(APP)
        ports = {name: free_port() for name in (_BARE, _KEPT, _SHARED)}
        for name, port in ports.items():
            command = _command(name, port, workers, root)
            stack.enter_context(started(command, port, root, [str(root)]))
        for port in ports.values():
            await _answers(port, workers)
        driven = [drive(port, connections, rate, seconds, seed) for port in ports.values()]
        return dict(zip(ports, await asyncio.gather(*driven), strict=True))


def _command(name: str, port: int, workers: int, root: Path) -> Sequence[str]:
    if name == _BARE:
        bind = ("-b", f"127.0.0.1:{port}", "--keep-alive", "75", "--no-control-socket")
        worker = ("-w", str(workers), "-k", "aiohttp.GunicornWebWorker")
        return (sys.executable, "-m", "gunicorn", "work:app", *worker, *bind)
    options = {
        "bind": f"127.0.0.1:{port}",
        "workers": workers,
        "access_log": False,
        "share_connections": name == _SHARED,
    }
    common = {"format": 1, "app": "work:app", "name": "bench", "version": "1"}
    settings = {**common, "target": "server", "options": options}
    (root / f"{port}.json").write_text(json.dumps(settings))
    return (sys.executable, "-m", "ferryman.targets.server.runtime")


async def _answers(port: int, workers: int) -> None:
    """Wait until all workers of a server answer."""
    seen: set[str] = set()
    async with asyncio.timeout(120):
        while len(seen) < workers:
            await asyncio.sleep(0.1)
            with suppress(OSError, EOFError):
                connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
                for answer in await asyncio.gather(*(post(c, "/work") for c in connections)):
                    seen.add(answer.body.split()[0])
                for _, writer in connections:
                    writer.close()


async def report(
    workers: int, connections: int, load: float, chosen: argparse.Namespace
) -> dict[str, Outcome]:
    """Measure, and print a line for each contender."""
    merged: dict[str, Outcome] = {}
    for seed in range(chosen.runs):
        found = await measure(workers, connections, load, chosen.seconds, chosen.seed + seed)
        for name, outcome in found.items():
            whole = merged.setdefault(name, Outcome())
            whole.waits += outcome.waits
            whole.failures += outcome.failures
            whole.answered = outcome.answered  # of the last run: each has workers of its own
    for name, outcome in merged.items():
        failed = f", failed: {dict(outcome.failures)}" if outcome.failures else ""
        print(
            f"{workers} workers at {load:.2f}, {connections} connections, {name:20} "
            f"{outcome.late:6.1%} waited over 100 ms of {len(outcome.waits)}; "
            f"split {outcome.split}{failed}",
            flush=True,
        )
    print(f"  one queue for all would have {one_queue(workers, load):.1%}", flush=True)
    return merged


async def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of a run")
    parser.add_argument("--runs", type=int, default=2, help="each with new servers")
    parser.add_argument("--seed", type=int, default=1, help="of the arrivals")
    parser.add_argument("--grid", action="store_true", help="more workers, connections, loads")
    chosen = parser.parse_args()
    if not chosen.grid:
        await report(2, 40, 0.4, chosen)
        return
    for workers, load in product((2, 4), (0.4, 0.7)):
        for connections in (8, 40, 200):
            await report(workers, connections, load, chosen)


if __name__ == "__main__":
    asyncio.run(main())
