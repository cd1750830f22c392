"""Whether an environment's memory stays constant, however many events it has answered.

It answers events in this process and reads the resident memory from the kernel: after the
first ones, when caches are filled, and at the end. Run it with `--count N`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from aiohttp import web

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("Growth", "measure_growth")

WARM = 10_000
"""The events after which memory is first read."""

LIMIT = 5.0
"""The megabytes that memory may grow by from then on."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a run found.

    Attributes:
        events: The events that were answered.
        before: Resident memory after the first `WARM` events, in megabytes.
        after: Resident memory after the last, in megabytes.
        seconds: How long it took.
    """

    events: int
    before: float
    after: float
    seconds: float

    @property
    def megabytes(self) -> float:
        """What memory has grown by."""
        return self.after - self.before


class Context:
    """What Lambda passes with an event."""

    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return 30_000


def measure_growth(count: int) -> Growth:
    """Answer events and return what memory did meanwhile.

    Args:
        count: The events, more than `WARM`.

    Raises:
        ValueError: There are too few.
    """
    if count <= WARM:
        raise ValueError(f"memory is first read after {WARM} events: ask for more")
    handler = LambdaHandler(make_app())
    try:
        start = time.perf_counter()
        supply = events()
        answer(handler, islice(supply, WARM))
        before = resident()
        answer(handler, islice(supply, count - WARM))
        return Growth(count, before, resident(), time.perf_counter() - start)
    finally:
        handler.close()


def make_app() -> web.Application:
    """Return an app that answers in the ways that leave something behind if they can."""
    app = web.Application()
    app.router.add_get("/items/{name}", show)
    app.router.add_post("/form", count_fields)
    app.router.add_get("/stream", stream)
    app.router.add_get("/broken", fail)
    return app


async def show(request: web.Request) -> web.Response:
    """Answer with JSON and a cookie."""
    response = web.json_response({"name": request.match_info["name"], **request.query})
    response.set_cookie("seen", request.match_info["name"])
    return response


async def count_fields(request: web.Request) -> web.Response:
    """Answer with the number of fields of a form."""
    return web.json_response(len(await request.post()))


async def stream(request: web.Request) -> web.StreamResponse:
    """Answer in several pieces."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(4):
        await response.write(b"piece")
    return response


async def fail(_: web.Request) -> web.Response:
    """Answer with an error page."""
    raise web.HTTPConflict(text="somebody else was first")


def events() -> Iterator[dict[str, Any]]:
    """Yield events without end, no two alike: of every source, to every route."""
    for number, gateway in enumerate(cycle(GATEWAYS.values())):
        yield json.loads(json.dumps(gateway.encode_request(make_request(number))))


def make_request(number: int) -> HttpRequest:
    """Return one of the requests that are sent in turn."""
    name = f"thing-{number}"
    headers = [("host", "shop.example.com"), ("x-request", name), ("cookie", f"seen={name}")]
    method, target, body = (
        ("GET", f"/items/{name}?page={number}", b""),
        ("POST", "/form", f"name={name}&number={number}".encode()),
        ("GET", "/stream", b""),
        ("GET", "/broken", b""),
        ("GET", f"/nowhere/{name}", b""),
    )[number % 5]
    if body:
        headers.append(("content-type", "application/x-www-form-urlencoded"))
    return HttpRequest(method, target, tuple(headers), body, "https", f"203.0.113.{number % 250}")


def answer(handler: Callable[..., Any], supply: Iterator[dict[str, Any]]) -> None:
    """Have each event answered."""
    context = Context()
    for event in supply:
        handler(event, context)


def resident() -> float:
    """Return the resident memory of this process in megabytes, garbage left out."""
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    """Print what memory did, and return 1 if it grew too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="events to answer")
    growth = measure_growth(parser.parse_args().count)
    print(
        f"{growth.events:,} events in {growth.seconds:.0f} s: {growth.before:.1f} MB resident "
        f"after the first {WARM:,}, {growth.after:.1f} MB after the last, "
        f"{growth.megabytes:+.1f} MB (limit {LIMIT:.1f})"
    )
    return 0 if growth.megabytes < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
