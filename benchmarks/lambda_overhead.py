"""What the Lambda adapter costs: one JSON route, from event to result, beside its peer.

Both answer the same Function URL events with the same JSON, in turns, in one process: once
an event that comes again and again, and once events of which no two have the same path and
query, for which caches are of no use. The ratio of the medians is what counts, for machines
differ. CPU time is measured, so that other processes on the machine disturb it less.

Run it with `make bench-lambda`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from itertools import count as counted
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.web import Application

EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/hello/ada",
    "rawQueryString": "n=1",
    "cookies": ["a=b", "c=d"],
    "headers": {
        "host": "abc.lambda-url.eu-west-1.on.aws",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "user-agent": "curl/8.0",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "queryStringParameters": {"n": "1"},
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "abc",
        "domainName": "abc.lambda-url.eu-west-1.on.aws",
        "domainPrefix": "abc",
        "http": {
            "method": "GET",
            "path": "/hello/ada",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "curl/8.0",
        },
        "requestId": "id",
        "routeKey": "$default",
        "stage": "$default",
        "time": "12/Mar/2026:19:03:58 +0000",
        "timeEpoch": 1773342238000,
    },
    "isBase64Encoded": False,
}

_numbers = counted()

Handler = Callable[[dict[str, Any], Any], Any]


class Context:
    """What both adapters ask of Lambda's context."""

    aws_request_id = "request-1"
    function_name = "hello"
    memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return 30_000


def hello_app() -> Application:
    """Return the aiohttp application."""
    from aiohttp import web

    async def hello(request: web.Request) -> web.Response:
        return web.json_response({"hello": request.match_info["name"], "n": request.query.get("n")})

    app = web.Application()
    app.router.add_get("/hello/{name}", hello)
    return app


def ferryman_handler() -> Handler:
    """Return ferryman's handler of an aiohttp application."""
    from ferryman import lambda_handler

    return lambda_handler(hello_app())


def mangum_handler() -> Handler:
    """Return Mangum's handler of a Starlette application."""
    from mangum import Mangum
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def hello(request: Request) -> JSONResponse:
        return JSONResponse(
            {"hello": request.path_params["name"], "n": request.query_params.get("n")}
        )

    handler: Handler = Mangum(Starlette(routes=[Route("/hello/{name}", hello)]), lifespan="off")
    return handler


def same_events(count: int) -> list[dict[str, Any]]:
    """Return an event, again and again."""
    return [EVENT] * count


def new_events(count: int) -> list[dict[str, Any]]:
    """Return events of which no two ask for the same."""
    numbers = islice(_numbers, count)
    return [{**EVENT, "rawPath": f"/hello/ada-{n}", "rawQueryString": f"n={n}"} for n in numbers]


def measure(
    handlers: dict[str, Handler],
    make_events: Callable[[int], list[dict[str, Any]]],
    rounds: int,
    count: int,
) -> dict[str, float]:
    """Return the median microseconds of CPU time that each handler takes for an event."""
    context = Context()
    times: dict[str, list[float]] = {name: [] for name in handlers}
    for _ in range(rounds):
        for name, handler in handlers.items():
            events = make_events(count)
            began = time.process_time()
            for event in events:
                handler(event, context)
            times[name].append((time.process_time() - began) / count * 1e6)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> int:
    """Measure, print the figures and their ratios, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    handlers = {"ferryman": ferryman_handler(), "mangum + starlette": mangum_handler()}
    for name, handler in handlers.items():
        result = handler(EVENT, Context())
        if result["statusCode"] != 200 or '"ada"' not in result["body"]:
            print(f"{name} does not answer as it should: {result}", file=sys.stderr)
            return 1
    for what, make_events in (("one event, repeated", same_events), ("new events", new_events)):
        medians = measure(handlers, make_events, options.rounds, options.count)
        for name, microseconds in medians.items():
            print(f"{what}: {name}: {microseconds:.1f} microseconds of CPU time an event")
        ratio = medians["ferryman"] / medians["mangum + starlette"]
        print(f"{what}: ratio {ratio:.2f} (median of {options.rounds} rounds of {options.count})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
