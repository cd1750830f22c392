"""What an event costs in instructions, and how much of that is aiohttp's own.

Each case runs in a process of its own under callgrind, with some events and with twice as many:
the difference is what they cost, whatever else the machine does. The floor is what aiohttp and a
task take for a request that comes decoded and whose answer goes nowhere: its request object,
its routing, the handler, the response with its headers, in a task that never waits.

Run it with `python -m benchmarks.lambda_instructions`; it needs valgrind, as Debian packages it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.lambda_overhead import (
    Context,
    Handler,
    ferryman_handler,
    hello_app,
    mangum_handler,
    new_events,
    same_events,
)

EVENTS = {"one event, repeated": same_events, "new events": new_events}
COUNT = 400
PEER = "mangum + starlette"


def aiohttp_alone() -> Handler:
    """Return what aiohttp does with a request that is parsed already, as a handler of events."""
    from aiohttp import web
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http import HttpVersion11, RawRequestMessage
    from aiohttp.streams import EMPTY_PAYLOAD
    from multidict import CIMultiDict, CIMultiDictProxy
    from yarl import URL

    from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop

    class Nowhere(AbstractStreamWriter):
        async def write(self, chunk: Any, *, drain: bool = True, LIMIT: int = 0) -> None: ...
        async def write_eof(self, chunk: bytes = b"") -> None: ...
        async def drain(self) -> None: ...
        async def write_headers(self, status_line: str, headers: Any) -> None: ...
        def enable_compression(self, *_: Any, **__: Any) -> None: ...
        def enable_chunking(self) -> None: ...

    loop = EnvironmentLoop()
    asyncio.set_event_loop(loop)
    runner = web.AppRunner(hello_app())
    loop.run_until_complete(runner.setup())
    server = runner.server
    assert server is not None
    protocol, writer = server(), Nowhere()
    headers = CIMultiDictProxy(CIMultiDict(same_events(1)[0]["headers"]))
    urls: dict[str, URL] = {}

    def url_of(event: dict[str, Any]) -> URL:
        path, query = event["rawPath"], event["rawQueryString"]
        found = urls.get(path)  # of one that comes again aiohttp remembers the parts
        if found is None:
            found = URL.build(path=path, query_string=query, encoded=True)
            if path == "/hello/ada":
                urls[path] = found
        return found

    async def respond(event: dict[str, Any]) -> None:
        message = RawRequestMessage(
            *("GET", event["rawPath"], HttpVersion11, headers, (), False, None, False, False),
            url_of(event),
        )
        task: Any = asyncio.current_task()
        request = server.request_factory(message, EMPTY_PAYLOAD, protocol, writer, task)
        await protocol._handle_request(request, None, server.request_handler)

    return lambda event, _: loop.run_at_once(respond(event))


HANDLERS: dict[str, Callable[[], Handler]] = {
    "ferryman": ferryman_handler,
    "aiohttp and a task alone": aiohttp_alone,
    PEER: mangum_handler,
}


def answer(name: str, what: str, count: int) -> None:
    """Answer so many events, after some that fill the caches."""
    handler, context = HANDLERS[name](), Context()
    for event in EVENTS[what](100 + count):
        handler(event, context)


def counted(name: str, what: str, count: int) -> int:
    """Return the instructions of a process that answers so many events."""
    done = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
            *(sys.executable, "-m", __spec__.name, name, what, str(count)),
        ],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found
    return int(found[1])


def instructions(name: str, what: str) -> float:
    """Return the instructions that one event takes."""
    return (counted(name, what, 2 * COUNT) - counted(name, what, COUNT)) / COUNT


def main() -> int:
    """Print a line for each case, and return the exit status."""
    if len(sys.argv) > 1:
        answer(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: apt-get install valgrind", file=sys.stderr)
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as processes:
        for what in EVENTS:
            costs = dict(
                zip(HANDLERS, processes.map(lambda n: instructions(n, what), HANDLERS), strict=True)  # noqa: B023
            )
            for name, cost in costs.items():
                print(f"{what}: {name}: {cost:,.0f} instructions, {cost / costs[PEER]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
