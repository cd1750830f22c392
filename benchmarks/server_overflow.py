"""What a server does with twice as many requests as it may answer, and a function behind it.

The function is the same app in the local Lambda, which runs one request at a time in each of its
environments. Requests arrive at random (a Poisson process), each on a connection that is kept.
Meanwhile the function is asked directly now and then, through the same gateway: what a forwarded
request takes longer than that is what forwarding adds.

Run it with `make bench-server`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.posting import Answer, Connection, post
from benchmarks.server_contenders import started
from scripts.ports import free_port

APP = """
import asyncio
from aiohttp import web

async def work(request):
    await asyncio.sleep(0.1)
    return web.Response(text="forwarded" if "Ferryman-Overflow" in request.headers else "here")

app = web.Application()
app.router.add_post("/work", work)
"""

FUNCTION = """
import asyncio, json, sys
from pathlib import Path
from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.targets.protocols import Address

async def main():
    port, root = int(sys.argv[1]), Path(sys.argv[2])
    command = (sys.executable, "-m", "ferryman.targets.lambda_.runtime")
    variables = {"FERRYMAN_SETTINGS": f"{root}/{port}.json", "PYTHONPATH": str(root)}
    limits = {"environments": 40, "init_timeout": 60.0, "idle": 3600.0}
    settings = FunctionSettings(command, root, variables, **limits)
    async with LocalFunction(settings, lambda _: None) as function:
        await start_front(function, Address("127.0.0.1", port))
        await asyncio.Event().wait()

asyncio.run(main())
"""

_WORK = 0.1
_PLACES = 4
_DIRECT = 10.0


@dataclass(slots=True)
class Outcome:
    """What became of the requests: how many of each status and side, and their seconds."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """Count a request."""
        self.counts[name] += 1
        self.seconds.setdefault(name, []).append(seconds)

    def median(self, name: str) -> float:
        """Return the median of a kind of request, in milliseconds."""
        return 1000 * statistics.median(self.seconds[name])


async def drive(port: int, rate: float, count: int, seed: int) -> Outcome:
    """Send so many requests at a rate, and return what became of them."""
    choose, outcome, idle = random.Random(seed), Outcome(), list[Connection]()
    loop = asyncio.get_running_loop()
    due = loop.time()
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            due += choose.expovariate(rate)
            await asyncio.sleep(due - loop.time())
            group.create_task(_ask(port, idle, outcome))
    for _, writer in idle:
        writer.close()
    return outcome


async def _ask(port: int, idle: list[Connection], outcome: Outcome) -> None:
    began = time.monotonic()
    try:
        while idle and idle[-1][0].at_eof():  # it has idled for longer than it is kept
            idle.pop()[1].close()
        connection = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        answer = await post(connection, "/work")
    except (OSError, EOFError) as error:
        outcome.add(f"lost: {error!r}", 0)
        return
    outcome.add(_name(answer), time.monotonic() - began)
    if answer.closes:
        connection[1].close()
    else:
        idle.append(connection)


def _name(answer: Answer) -> str:
    return answer.body if answer.status == 200 else str(answer.status)


async def answers(port: int, at_once: int) -> None:
    """Wait until a server answers, and so many requests at once."""
    async with asyncio.timeout(120):
        while True:
            outcome = await drive(port, 1000, at_once, 0)
            if outcome.counts.keys() <= {"here", "forwarded"}:
                return
            await asyncio.sleep(0.2)


def _start(stack: ExitStack, root: Path) -> tuple[int, int]:
    """Start the function and the server, and return their ports."""
    (root / "app.py").write_text(APP)
    (root / "function.py").write_text(FUNCTION)
    function, server = free_port(), free_port()
    options = {
        "bind": f"127.0.0.1:{server}",
        "access_log": False,
        "max_in_flight": _PLACES,
        "overflow": f"http://127.0.0.1:{function}",
    }
    common = {"format": 1, "app": "app:app", "name": "bench", "version": "1"}
    for port, target, values, arguments in (
        (function, "lambda", {}, (str(root / "function.py"), str(function), str(root))),
        (server, "server", options, ("-m", "ferryman.targets.server.runtime")),
    ):
        settings = {**common, "target": target, "options": values}
        (root / f"{port}.json").write_text(json.dumps(settings))
        stack.enter_context(started((sys.executable, *arguments), port, root, [str(root)]))
    return function, server


async def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="requests to the server")
    parser.add_argument("--times", type=float, default=2, help="its capacity")
    chosen = parser.parse_args()
    capacity = _PLACES / _WORK
    rate = chosen.times * capacity
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        function, server = _start(stack, Path(directory))
        await answers(function, 32)  # which starts as many environments, for good
        await answers(server, 1)
        seconds = chosen.count / rate
        through, direct = await asyncio.gather(
            drive(server, rate, chosen.count, 1),
            drive(function, _DIRECT, int(seconds * _DIRECT), 2),
        )
    shown = ", ".join(f"{count} {name}" for name, count in sorted(through.counts.items()))
    print(f"{chosen.count} requests at {rate:.0f}/s, capacity {capacity:.0f}/s: {shown}")
    forwarded, asked = through.median("forwarded"), direct.median("here")
    print(
        f"p50 answered here {through.median('here'):.1f} ms, forwarded {forwarded:.1f} ms, the "
        f"function asked directly {asked:.1f} ms: forwarding adds {forwarded - asked:.1f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main())
