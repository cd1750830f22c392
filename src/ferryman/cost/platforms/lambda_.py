"""AWS Lambda behind a Function URL or an HTTP API.

Billed by wall time: an environment serves one request at a time, so the wait of a request
costs as much as its work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Charge, cost_curve, make_bill
from ferryman.cost.curve import Curve, linear
from ferryman.cost.figures import MONTH_SECONDS, plain
from ferryman.cost.platforms.network import internet_egress
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, Workload

__all__ = ("FRONT_DOORS", "LambdaFunction")

FrontDoor = Literal["function-url", "http-api"]

FRONT_DOORS: dict[FrontDoor, str] = {"function-url": "Function URL", "http-api": "HTTP API"}
"""What can stand before the function, and its name in a table."""

HTTP_API_STEP = 512 * 1024
"""Bytes that an HTTP API meters as one request (https://aws.amazon.com/api-gateway/pricing/).
The page does not say which bytes; request and response together is the dearest reading."""

FREE_EPHEMERAL_MIB = 512
BUFFERED_RESPONSE_LIMIT = 6 * 1024 * 1024
DEFAULT_CONCURRENCY = 1000
"""Environments an account may run at once unless it asks for more (Lambda quotas page)."""


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """A Lambda function and its front door.

    Args:
        front_door: ``function-url``, which costs nothing, or ``http-api``.
        architecture: ``arm64`` or ``x86_64``.
        region: An AWS region.
        ephemeral_mib: Size of ``/tmp``, MiB; what exceeds 512 is billed.
        free_tier: Whether the perpetual free tier is left for this application. It is one
            pool per account.
    """

    front_door: FrontDoor = "function-url"
    architecture: str = "arm64"
    region: str = "us-east-1"
    ephemeral_mib: int = FREE_EPHEMERAL_MIB
    free_tier: bool = True

    def __post_init__(self) -> None:
        if not FREE_EPHEMERAL_MIB <= self.ephemeral_mib <= 10_240:
            raise ConfigError(
                f"ephemeral_mib: {self.ephemeral_mib} is out of range",
                hint="Lambda offers 512 to 10240 MiB",
            )

    @property
    def name(self) -> str:
        """Such as ``Lambda arm64, Function URL``."""
        return f"Lambda {self.architecture}, {FRONT_DOORS[self.front_door]}"

    @property
    def pays_per_request(self) -> bool:
        """True: without traffic there is no bill."""
        return True

    @property
    def assumptions(self) -> str:
        """Whether the free tier is left for it."""
        return "the free tier is left for it" if self.free_tier else "the free tier is used up"

    def bill(self, workload: Workload, book: PriceBook) -> Bill:
        """Return what a month of the workload costs."""
        return make_bill(
            self.name,
            workload.requests,
            tuple(self._charges(workload, book)),
            highly_available=True,
            notes=tuple(_notes(workload)),
        )

    def cost_curve(self, workload: Workload, book: PriceBook, horizon: Decimal) -> Curve:
        """Return USD a month by requests a month; it bends at tiers and has no steps."""
        return cost_curve(tuple(self._charges(workload, book)), horizon)

    def _charges(self, workload: Workload, book: PriceBook) -> Iterator[Charge]:
        seconds = billed_seconds(workload)
        gigabytes = Fraction(workload.memory_mib) / 1024
        yield Charge(
            "Lambda requests",
            linear(1),
            book.rate(f"lambda.requests.{self.architecture}", self.region),
            "requests",
            self._allowance("lambda.free.requests", book),
        )
        yield Charge(
            "Lambda duration",
            linear(seconds * gigabytes),
            book.rate(f"lambda.duration.{self.architecture}", self.region),
            f"requests x {plain(seconds)} s x {plain(gigabytes)} GB",
            self._allowance("lambda.free.duration", book),
        )
        yield from self._ephemeral(seconds, book)
        yield from self._front_door(workload, book)
        yield from internet_egress(workload, book, self.region)

    def _allowance(self, id: str, book: PriceBook) -> Decimal:
        return book.rate(id, self.region).value if self.free_tier else Decimal(0)

    def _ephemeral(self, seconds: Fraction, book: PriceBook) -> Iterator[Charge]:
        beyond = Fraction(self.ephemeral_mib - FREE_EPHEMERAL_MIB, 1024)
        if beyond:
            yield Charge(
                "Lambda ephemeral storage",
                linear(seconds * beyond),
                book.rate("lambda.ephemeral", self.region),
                f"requests x {plain(seconds)} s x {plain(beyond)} GB above 512 MB",
            )

    def _front_door(self, workload: Workload, book: PriceBook) -> Iterator[Charge]:
        if self.front_door == "http-api":
            metered = http_api_units(workload)
            yield Charge(
                "HTTP API requests",
                linear(metered),
                book.rate("http_api.requests", self.region),
                f"requests x {metered} (steps of 512 KB)",
            )


def billed_seconds(workload: Workload) -> Fraction:
    """Return the mean billed seconds of a request, its share of a cold start included.

    A request lasts no less than its CPU time takes on the part of a vCPU that the memory
    brings. Without this bound a CPU-bound handler measured on a server would look cheap
    on a small function that could never run it in that time.
    """
    init = Fraction(workload.cold_start_share) * Fraction(workload.init_ms)
    return (max(Fraction(workload.wall_ms), _cpu_bound_ms(workload)) + init) / 1000


def _cpu_bound_ms(workload: Workload) -> Fraction:
    """Return how long the CPU time of a request takes at the function's memory, in ms."""
    return Fraction(workload.cpu_ms) * LAMBDA_MIB_PER_VCPU / Fraction(workload.memory_mib)


def http_api_units(workload: Workload) -> int:
    """Return how many requests an HTTP API meters for one: one per 512 KB begun."""
    size = workload.request_bytes + workload.response_bytes
    return max(1, math.ceil(Fraction(size) / HTTP_API_STEP))


def _notes(workload: Workload) -> Iterator[str]:
    if (bound := _cpu_bound_ms(workload)) > workload.wall_ms:
        yield (
            f"{plain(workload.cpu_ms)} ms of CPU take {plain(bound, 0)} ms on the"
            f" {plain(workload.lambda_vcpu, 2)} vCPU of {plain(workload.memory_mib)} MiB, and"
            f" are billed so, not at the wall time of {plain(workload.wall_ms)} ms"
        )
    busy = Fraction(workload.requests * workload.peak_to_mean) / MONTH_SECONDS
    concurrency = busy * billed_seconds(workload)
    if concurrency > DEFAULT_CONCURRENCY:
        yield (
            f"the busy hour needs {plain(concurrency, 0)} environments at once; an account"
            f" has {plain(DEFAULT_CONCURRENCY)} until it asks for more"
        )
    if workload.response_bytes > BUFFERED_RESPONSE_LIMIT:
        yield "responses above 6 MB must be streamed, which is not priced here"
