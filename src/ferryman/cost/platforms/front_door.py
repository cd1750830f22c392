"""The front doors of a Lambda function, and their charges for each request."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, get_args

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.cloudfront_plan import plan_charges
from ferryman.cost.platforms.free_tier import allowance
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.network import internet_egress
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, ceiling, larger
from ferryman.cost.workload import Inputs, Workload
from ferryman.records.wording import size_text

__all__ = (
    "DOOR_NAMES",
    "FRONT_DOORS",
    "FrontDoor",
    "door_charges",
    "door_notes",
    "http_api_units",
)

FrontDoor = Literal[
    "function-url",
    "http-api",
    "rest-api",
    "alb",
    "cloudfront",
    "cloudfront-plan",
    "websocket-api",
]

FRONT_DOORS: tuple[FrontDoor, ...] = get_args(FrontDoor)

DOOR_NAMES: dict[FrontDoor, str] = {
    "function-url": "Function URL",
    "http-api": "HTTP API",
    "rest-api": "REST API",
    "alb": "ALB",
    "cloudfront": "CloudFront",
    "cloudfront-plan": "CloudFront plan",
    "websocket-api": "WebSocket API",
}
"""The names in tables."""

HTTP_API_STEP = 512 * 1024
"""Bytes that an HTTP API meters as one request (https://aws.amazon.com/api-gateway/pricing/).
The page does not say which bytes; request and response together is the most expensive reading."""

MESSAGE_STEP = 32 * 1024
"""Bytes that a WebSocket API meters as one message (the same page): 33 KB are two messages."""

SLOWEST_MS: dict[FrontDoor, int] = {
    "http-api": 30_000,
    "rest-api": 29_000,
    "websocket-api": 29_000,
}
"""Longest wait for the function, milliseconds. Sources: the quotas of HTTP, REST and WebSocket
APIs in the Amazon API Gateway Developer Guide. AWS raises a REST API's on request."""

LARGEST: dict[FrontDoor, int] = {
    "http-api": 10 * 2**20,
    "rest-api": 10 * 2**20,
    "alb": 2**20,
    "websocket-api": 128 * 1024,
}
"""Largest body, bytes. Sources: the same quotas; Elastic Load Balancing, Lambda functions as
targets."""


def door_notes(door: FrontDoor, workload: Workload) -> Iterator[str]:
    """Yield the limits of a front door that the workload exceeds."""
    name = DOOR_NAMES[door]
    longest, largest = SLOWEST_MS.get(door), LARGEST.get(door)
    if longest and workload.wall_ms > longest:
        yield f"{name} times out after {longest // 1000} seconds"
    if largest and max(workload.largest_response, workload.request_bytes) > largest:
        yield f"{name} rejects bodies above {size_text(largest)}"
    if door == "websocket-api":
        yield (
            f"{name}: each request is a message from a client, and each response a message to it;"
            " the bill leaves out the calls of the function when clients connect and disconnect"
        )


def door_charges(
    door: FrontDoor,
    inputs: Inputs,
    book: PriceBook,
    region: str,
    balancer: LoadBalancer,
    *,
    free_tiers: frozenset[str],
) -> Iterator[Charge]:
    """Yield what the front door bills, and the transfer of the responses to the internet.

    API Gateway's free million lasts twelve months, and only in older accounts, so the bill
    leaves it out. CloudFront in front of a Function URL replaces the region's egress.

    Args:
        door: The front door.
        inputs: The workload.
        book: The prices.
        region: An AWS region.
        balancer: How clients connect, for ``alb`` and ``websocket-api``.
        free_tiers: The account's free tiers that are left for it.
    """
    if door == "cloudfront":
        yield from _cloudfront(inputs, book, region, free_tiers=free_tiers)
        return
    if door == "cloudfront-plan":
        yield from plan_charges(inputs, book, region)
        return
    if door == "http-api":
        metered = http_api_units(inputs)
        yield Charge(
            "HTTP API requests",
            Usage(per_request=metered),
            book.rate("http_api.requests", region),
            f"requests x {plain(metered)} (steps of 512 KB)",
        )
    elif door == "rest-api":
        rate = book.rate("rest_api.requests", region)
        yield Charge("REST API requests", Usage(per_request=1), rate, "requests")
    elif door == "websocket-api":
        yield from _websocket_api(inputs, book, region, balancer)
    elif door == "alb":
        yield from balancer.charges(inputs, book, region, to_lambda=True)
    yield from internet_egress(inputs, book, region, free_tiers=free_tiers)


def http_api_units(inputs: Inputs) -> Quantity:
    """Return how many requests an HTTP API meters for one request: one per 512 KB begun."""

    def metered(size: Quantity) -> Quantity:
        return larger(1, ceiling((inputs.request_bytes + size) / HTTP_API_STEP))

    return inputs.mean_over_responses(metered)


def _websocket_api(
    inputs: Inputs, book: PriceBook, region: str, balancer: LoadBalancer
) -> Iterator[Charge]:
    """Yield the messages, one for each 32 KB begun, and the minutes of open connections."""
    answers = inputs.mean_over_responses(lambda size: ceiling(size / MESSAGE_STEP))
    messages = larger(1, ceiling(inputs.request_bytes / MESSAGE_STEP)) + answers
    yield Charge(
        "WebSocket API messages",
        Usage(per_request=messages),
        book.rate("websocket_api.messages", region),
        f"requests x {plain(messages)} (steps of 32 KB, both ways)",
    )
    minutes = Fraction(balancer.connection_seconds) / 60
    yield Charge(
        "WebSocket API connections",
        Usage(per_request=minutes / Fraction(balancer.requests_per_connection)),
        book.rate("websocket_api.minutes", region),
        f"requests / {plain(balancer.requests_per_connection)} x {plain(minutes)} min",
    )


def _cloudfront(
    inputs: Inputs, book: PriceBook, region: str, *, free_tiers: frozenset[str]
) -> Iterator[Charge]:
    """Yield CloudFront's requests and egress, pay as you go, as if it cached nothing."""
    for item, id, each, formula in (
        ("CloudFront requests", "requests", 1, "requests"),
        ("CloudFront egress", "egress", inputs.response_bytes / 2**30, "response bytes / 2**30"),
    ):
        free = allowance("cloudfront", f"cloudfront.free.{id}", book, region, free_tiers)
        rate = book.rate(f"cloudfront.{id}", region)
        yield Charge(item, Usage(per_request=each), rate, formula, free)
