"""Sixteen invocations at once: one process of ours against a process for each of AWS's.

Both run the same app against the same kind of Runtime API on this machine, which is the one
that the tests use: in Python, so that it takes its own part of the time. Memory is the
proportional set size of all processes, which counts what they share once; CPU time is that
of all processes, for requests that wait for nothing.

Run it from the root of the repository: `python -m benchmarks.lambda_concurrency`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

from tests.targets.lambda_.runtime_api import Runtime, RuntimeApi, runtime_api

CONCURRENCY = 16

APP = """
import asyncio
from aiohttp import web

async def at_once(request):
    return web.json_response({"path": request.path})

async def waits(request):
    await asyncio.sleep(0.05)
    return web.json_response({"path": request.path})

def create_app():
    app = web.Application()
    app.router.add_get("/at-once", at_once)
    app.router.add_get("/waits", waits)
    return app
"""

MODES = {
    "one process": ("ferryman.targets.lambda_.runtime",),
    "a process each": ("awslambdaric", "ferryman.targets.lambda_.runtime.entry.handler"),
}


def event(path: str) -> dict[str, Any]:
    """Return a Function URL's event."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "abc.lambda-url.eu-west-1.on.aws", "accept": "*/*"},
        "requestContext": {
            "domainName": "abc.lambda-url.eu-west-1.on.aws",
            "http": {"method": "GET", "path": path, "sourceIp": "203.0.113.7"},
        },
        "isBase64Encoded": False,
    }


class Mode:
    """One way to run the app, started, with what was measured of it."""

    def __init__(self, api: RuntimeApi, runtime: Runtime) -> None:
        self.api = api
        self.runtime = runtime
        self.ready_after = 0.0
        self.rates: dict[str, list[float]] = {"/at-once": [], "/waits": []}
        self.processor: dict[str, list[float]] = {"/at-once": [], "/waits": []}

    async def become_ready(self, began: float) -> None:
        """Wait until as many invocations are asked for as can be under way."""
        while self.api.polls < CONCURRENCY:
            assert self.runtime.process.poll() is None, self.runtime.logged()
            await asyncio.sleep(0.02)
        self.ready_after = time.perf_counter() - began

    async def measure(self, path: str, count: int) -> None:
        """Note how many requests a second are answered, always as many under way."""
        processes = family(self.runtime.process.pid)
        used = sum(map(processor_time, processes))
        began = time.perf_counter()
        await asyncio.gather(
            *(self._request(path, count // CONCURRENCY) for _ in range(CONCURRENCY))
        )
        self.rates[path].append(count / (time.perf_counter() - began))
        self.processor[path].append((sum(map(processor_time, processes)) - used) / count)

    async def _request(self, path: str, count: int) -> None:
        for _ in range(count):
            posted = await self.api.invoke(event(path))
            assert posted.result["statusCode"] == 200, posted.body

    def memory(self) -> float:
        """Return the MiB that its processes take."""
        return sum(map(proportional_size, family(self.runtime.process.pid))) / 1024


def family(parent: int) -> list[int]:
    """Return the ids of a process and of its children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def processor_time(process: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def proportional_size(process: int) -> int:
    """Return a process's share of memory, in KiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


async def compare(rounds: int, count: int) -> dict[str, Mode]:
    """Run both, a round of one and then a round of the other."""
    async with AsyncExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        modes = {}
        for name, command in MODES.items():
            directory = Path(scratch, name.replace(" ", "-"))
            directory.mkdir()
            api = await stack.enter_async_context(runtime_api())
            began = time.perf_counter()
            runtime = Runtime(
                api, directory, APP, command=command, AWS_LAMBDA_MAX_CONCURRENCY=CONCURRENCY
            )
            stack.callback(runtime.kill)
            modes[name] = Mode(api, runtime)
            await modes[name].become_ready(began)
        for _ in range(rounds + 1):
            for mode in modes.values():
                await mode.measure("/at-once", count)
                await mode.measure("/waits", count // 4)
        report(modes)
        return modes


def report(modes: dict[str, Mode]) -> None:
    """Print the medians and their ratios; the first round, which warms up, is left out."""
    ours, theirs = (modes[name] for name in MODES)
    rows = [
        ("ready after, s", ours.ready_after, theirs.ready_after),
        ("memory, MiB", ours.memory(), theirs.memory()),
        (
            "CPU a request, ms",
            median(ours.processor["/at-once"][1:]) * 1000,
            median(theirs.processor["/at-once"][1:]) * 1000,
        ),
        *(
            (f"{path[1:]}, requests/s", median(ours.rates[path][1:]), median(rates[1:]))
            for path, rates in theirs.rates.items()
        ),
    ]
    print(f"{CONCURRENCY} at once {'':13}{'one process':>12}{'each its own':>14}{'ratio':>8}")
    for name, mine, other in rows:
        print(f"{name:<23}{mine:>12.2f}{other:>14.2f}{mine / other:>8.2f}")


def main() -> None:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=1600)
    arguments = parser.parse_args()
    asyncio.run(compare(arguments.rounds, arguments.count))


if __name__ == "__main__":
    main()
