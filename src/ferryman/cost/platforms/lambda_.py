"""AWS Lambda behind any of its front doors.

Billed by wall time: an environment serves one request at a time, so the wait of a request
costs as much as its work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, MONTH_SECONDS, plain
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS, allowance
from ferryman.cost.platforms.front_door import DOOR_NAMES, FrontDoor, door_charges, door_notes
from ferryman.cost.platforms.lambda_extras import (
    ephemeral,
    provisioned,
    snapstart,
    streaming,
    tenants,
)
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.logs import LAMBDA_LOG_BYTES, log_charges
from ferryman.cost.platforms.network import cross_zone, nat_gateways
from ferryman.cost.platforms.platform import OnLambda
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, larger
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, Inputs, Workload

__all__ = ("LambdaFunction", "billed_seconds", "concurrency")

FREE_EPHEMERAL_MIB = 512
BUFFERED_RESPONSE_LIMIT = 6 * 1024 * 1024
STREAMED_RESPONSE_LIMIT = 200 * 1024 * 1024
DEFAULT_CONCURRENCY = 1000
"""Environments an account may run at once unless it asks for more (Lambda quotas page)."""

RATE_PER_CONCURRENCY = 10
"""Requests a second that an account may start, for each unit of its concurrency."""


@dataclass(frozen=True, slots=True)
class LambdaFunction(OnLambda):
    """A Lambda function and its front door.

    Args:
        front_door: What stands before it.
        architecture: ``arm64`` or ``x86_64``.
        region: An AWS region.
        ephemeral_mib: Size of ``/tmp``, MiB; what exceeds 512 is billed.
        free_tiers: The account's free tiers that are left for this application.
        provisioned: Environments kept ready.
        provisioned_hours: Hours in the month for which they are; five minutes that are
            begun count as whole ones.
        provisioned_share: Share of the requests that come in those hours; by default the
            hours' own share of the month.
        snapstart: Whether environments are restored from a snapshot.
        tenant_isolation: Whether each tenant has environments of its own.
        streaming: Whether responses are streamed.
        platform_logs: Whether Lambda writes its own log lines for each request.
        nat_zones: NAT gateways, for a function in private subnets.
        savings: ``1y`` or ``3y`` for a savings plan; empty for none.
        balancer: How clients connect, for the door ``alb``.
    """

    front_door: FrontDoor = "function-url"
    architecture: str = "arm64"
    region: str = "us-east-1"
    ephemeral_mib: int = FREE_EPHEMERAL_MIB
    free_tiers: frozenset[str] = ALL_FREE_TIERS
    provisioned: int = 0
    provisioned_hours: Decimal = Decimal(MONTH_HOURS)
    provisioned_share: Decimal | None = None
    snapstart: bool = False
    tenant_isolation: bool = False
    streaming: bool = False
    platform_logs: bool = True
    nat_zones: int = 0
    savings: str = ""
    balancer: LoadBalancer = field(default_factory=LoadBalancer)

    def __post_init__(self) -> None:
        if not FREE_EPHEMERAL_MIB <= self.ephemeral_mib <= 10_240:
            raise ConfigError(
                f"ephemeral_mib: {self.ephemeral_mib} is out of range",
                hint="Lambda offers 512 to 10240 MiB",
            )
        for name in ("provisioned", "nat_zones"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is below 0")
        hours, share = self.provisioned_hours, self.provisioned_share
        if not (hours.is_finite() and 0 <= hours <= MONTH_HOURS + 14):
            raise ConfigError(
                f"provisioned_hours: {hours} is out of range",
                hint="a month has 744 hours at the most",
            )
        if share is not None and not (share.is_finite() and 0 <= share <= 1):
            raise ConfigError(f"provisioned_share: {share} is not a share")
        if self.provisioned and self.snapstart:
            raise ConfigError(
                "provisioned and snapstart exclude each other",
                cause="Lambda offers no provisioned concurrency on a version with SnapStart",
            )

    @property
    def name(self) -> str:
        """Such as ``Lambda arm64, Function URL``."""
        extras = f", {self.provisioned} provisioned" if self.provisioned else ""
        extras += ", SnapStart" if self.snapstart else ""
        extras += f", savings-{self.savings}" if self.savings else ""
        return f"Lambda {self.architecture}, {DOOR_NAMES[self.front_door]}{extras}"

    @property
    def pays_per_request(self) -> bool:
        """True unless something is paid for by the hour or the month, traffic or none."""
        idle = self.provisioned or self.snapstart or self.nat_zones
        return not idle and self.front_door not in ("alb", "cloudfront-plan")

    @property
    def assumptions(self) -> str:
        """Whether the free tier is left for it."""
        used = sorted(ALL_FREE_TIERS - self.free_tiers)
        if used == sorted(ALL_FREE_TIERS):
            return "the free tiers are used up"
        return (
            f"free tiers used up: {', '.join(used)}" if used else "the free tiers are left for it"
        )

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield requests, duration, what was bought besides, and the front door."""
        yield from self.invocation_charges(inputs, book)
        yield from door_charges(
            self.front_door, inputs, book, self.region, self.balancer, free_tiers=self.free_tiers
        )
        if self.nat_zones:
            yield from nat_gateways(self.nat_zones, inputs, book, self.region)
        yield from cross_zone(inputs, book, self.region)
        yield from self._logs(inputs, book)

    def invocation_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what an invocation costs by itself: without a door, a network and logs."""
        seconds = billed_seconds(inputs, snapstart=self.snapstart)
        yield Charge(
            "Lambda requests",
            Usage(per_request=1),
            book.rate(f"lambda.requests.{self.architecture}", self.region),
            "requests",
            self._free("lambda.free.requests", book),
        )
        yield from self._duration(seconds, inputs, book)
        if self.ephemeral_mib > FREE_EPHEMERAL_MIB:
            yield ephemeral(seconds, self.ephemeral_mib - FREE_EPHEMERAL_MIB, book, self.region)
        if self.snapstart:
            yield from snapstart(inputs, book, self.region)
        if self.tenant_isolation:
            yield tenants(inputs, book, self.region)
        if self.streaming:
            yield from streaming(inputs, book, self.region, free_tiers=self.free_tiers)

    def overflow_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what a request costs that a server sends on: it has paid for the rest."""
        yield from self.invocation_charges(inputs, book)
        yield from self._logs(inputs, book)

    def _logs(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        size = inputs.log_bytes + (LAMBDA_LOG_BYTES if self.platform_logs else 0)
        yield from log_charges(size, "logs.lambda", book, self.region, free_tiers=self.free_tiers)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield where the workload runs into the CPU, the account's limits or a size."""
        yield from _notes(self, workload)
        yield from door_notes(self.front_door, workload)

    def _duration(self, seconds: Quantity, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        gigabytes = inputs.memory_mib / 1024
        formula = f"requests x {plain(seconds)} s x {plain(gigabytes)} GB"
        plan = f"savings.{self.savings}." if self.savings else ""
        rate = book.rate(f"{plan}lambda.duration.{self.architecture}", self.region)
        free = self._free("lambda.free.duration", book)
        usage = Usage(per_request=seconds * gigabytes)
        if self.provisioned:
            ready = self.provisioned * _whole_minutes(self.provisioned_hours) * 60
            share, each = self._share_of_requests, usage.per_request
            on_it = share * each
            yield from provisioned(ready, on_it, gigabytes, self.architecture, book, self.region)
            usage = Usage(-ready * gigabytes, each, least_per_request=each - on_it)
            formula += " beyond what is provisioned"
        yield Charge("Lambda duration", usage, rate, formula, free)

    @property
    def _share_of_requests(self) -> Fraction:
        given = self.provisioned_share
        if given is None:
            return min(Fraction(1), Fraction(self.provisioned_hours) / MONTH_HOURS)
        return Fraction(given)

    def _free(self, id: str, book: PriceBook) -> Decimal:
        return allowance("lambda", id, book, self.region, self.free_tiers)


def _whole_minutes(hours: Decimal) -> int:
    """Return hours in minutes, rounded up to five of them."""
    return 5 * math.ceil(hours * 12)


def billed_seconds(inputs: Inputs, *, snapstart: bool = False) -> Quantity:
    """Return the mean billed seconds of a request, its share of a cold start included.

    A request lasts no less than its CPU time takes on the part of a vCPU that the memory
    brings. Without this bound a CPU-bound handler measured on a server would look cheap
    on a small function that could never run it in that time. With SnapStart a cold start
    restores a snapshot, which is billed by its size and not by its time.
    """
    running = larger(inputs.wall_ms, _cpu_bound_ms(inputs))
    init = 0 if snapstart else inputs.cold_start_share * inputs.init_ms
    return (running + init) / 1000


def concurrency(workload: Workload) -> Fraction:
    """Return the environments in use in the busy hour, by Little's law: rate x duration."""
    inputs = workload.inputs
    rate = Fraction(workload.requests) * inputs.peak_to_mean * inputs.burst / MONTH_SECONDS
    return Fraction(rate * billed_seconds(inputs))


def _cpu_bound_ms(inputs: Inputs) -> Quantity:
    """Return how long the CPU time of a request takes at the function's memory, in ms."""
    return inputs.cpu_ms * LAMBDA_MIB_PER_VCPU / inputs.memory_mib


def _notes(function: LambdaFunction, workload: Workload) -> Iterator[str]:
    if function.savings:
        yield (
            "a savings plan is paid for in every hour, used or not: this bill takes the traffic as"
            " even, and all of it as covered"
        )
    bound = _cpu_bound_ms(workload.inputs)
    if bound > workload.wall_ms:
        yield (
            f"{plain(workload.cpu_ms)} ms of CPU take {plain(bound, 0)} ms on the"
            f" {plain(workload.lambda_vcpu, 2)} vCPU of {plain(workload.memory_mib)} MiB, and"
            f" are billed so, not at the wall time of {plain(workload.wall_ms)} ms"
        )
    busy = concurrency(workload)
    if busy > DEFAULT_CONCURRENCY:
        yield (
            f"the busy hour needs {plain(busy, 0)} environments at once; an account"
            f" has {plain(DEFAULT_CONCURRENCY)} until it asks for more"
        )
    rate = busy / billed_seconds(workload.inputs)
    if rate > DEFAULT_CONCURRENCY * RATE_PER_CONCURRENCY:
        yield (
            f"the busy hour has {plain(rate, 0)} requests a second; an account may start"
            f" {plain(DEFAULT_CONCURRENCY * RATE_PER_CONCURRENCY)} until it asks for more"
        )
    if workload.largest_response > BUFFERED_RESPONSE_LIMIT and not function.streaming:
        yield "responses above 6 MiB must be streamed, which this bill leaves out"
    if workload.largest_response > STREAMED_RESPONSE_LIMIT:
        yield "Lambda streams no response above 200 MiB"
