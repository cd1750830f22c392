"""AWS Lambda behind any of its front doors.

AWS bills the wall time: an environment serves one request at a time, so the time in which a
request waits costs as much as its work.
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
"""Environments that an account may run at once by default (Lambda quotas page)."""

RATE_PER_CONCURRENCY = 10
"""Requests a second that an account may start, for each unit of its concurrency."""


@dataclass(frozen=True, slots=True)
class LambdaFunction(OnLambda):
    """A Lambda function and its front door.

    Args:
        front_door: How requests reach the function.
        architecture: ``arm64`` or ``x86_64``.
        region: An AWS region.
        ephemeral_mib: Size of ``/tmp``, MiB; AWS bills what exceeds 512.
        free_tiers: The account's free tiers that are left for this application.
        provisioned: Environments kept ready.
        provisioned_hours: Hours in the month for which they are ready; AWS bills every five
            minutes begun.
        provisioned_share: Share of the requests that come in those hours; by default the
            hours' share of the month.
        snapstart: Whether environments are restored from a snapshot.
        tenant_isolation: Whether each tenant has its own environments.
        streaming: Whether responses are streamed.
        platform_logs: Whether Lambda writes its own log lines for each request.
        nat_zones: NAT gateways, for a function in private subnets.
        savings: ``1y`` or ``3y`` for a savings plan; empty for none.
        balancer: How clients connect, for the front door ``alb``.
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
                hint="a month has at most 744 hours",
            )
        if share is not None and not (share.is_finite() and 0 <= share <= 1):
            raise ConfigError(f"provisioned_share: {share} is not a share from 0 to 1")
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
        """True unless AWS bills something by the hour or the month, even without traffic."""
        idle = self.provisioned or self.snapstart or self.nat_zones
        return not idle and self.front_door not in ("alb", "cloudfront-plan")

    @property
    def assumptions(self) -> str:
        """Which free tiers are left for it."""
        used = sorted(ALL_FREE_TIERS - self.free_tiers)
        if not self.free_tiers:
            return "without free tiers"
        return f"without the free tiers of {', '.join(used)}" if used else "with all free tiers"

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield requests, duration, extras, front door, network and logs."""
        yield from self.invocation_charges(inputs, book)
        yield from door_charges(
            self.front_door, inputs, book, self.region, self.balancer, free_tiers=self.free_tiers
        )
        if self.nat_zones:
            yield from nat_gateways(self.nat_zones, inputs, book, self.region)
        yield from cross_zone(inputs, book, self.region)
        yield from self._logs(inputs, book)

    def invocation_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what an invocation costs by itself, without front door, network and logs."""
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
        """Yield what a request that a server sends on costs besides the server's own bill."""
        yield from self.invocation_charges(inputs, book)
        yield from self._logs(inputs, book)

    def _logs(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        size = inputs.log_bytes + (LAMBDA_LOG_BYTES if self.platform_logs else 0)
        yield from log_charges(size, "logs.lambda", book, self.region, free_tiers=self.free_tiers)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield notes on limits that the workload exceeds: CPU, the account's quotas, sizes."""
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
            formula += " beyond the provisioned concurrency"
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
    """Return hours in minutes, rounded up to a multiple of five."""
    return 5 * math.ceil(hours * 12)


def billed_seconds(inputs: Inputs, *, snapstart: bool = False) -> Quantity:
    """Return the mean billed seconds of a request, with its share of a cold start.

    A request lasts at least as long as its CPU time takes on the function's part of a vCPU,
    which depends on the memory. Without this bound, a CPU-bound handler measured on a server
    would look cheap on a small function that could never run it in that time. With SnapStart,
    a cold start restores a snapshot, which AWS bills by size and not by time.
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
            "AWS bills a savings plan every hour, used or not; this bill assumes even traffic and a"
            " plan that covers all of it"
        )
    bound = _cpu_bound_ms(workload.inputs)
    if bound > workload.wall_ms:
        yield (
            f"{plain(workload.cpu_ms)} ms of CPU time take {plain(bound, 0)} ms on the"
            f" {plain(workload.lambda_vcpu, 2)} vCPU of {plain(workload.memory_mib)} MiB; the bill"
            f" uses these, not the wall time of {plain(workload.wall_ms)} ms"
        )
    busy = concurrency(workload)
    if busy > DEFAULT_CONCURRENCY:
        yield (
            f"the busy hour needs {plain(busy, 0)} environments at once; the default quota of an"
            f" account is {plain(DEFAULT_CONCURRENCY)}"
        )
    rate = busy / billed_seconds(workload.inputs)
    if rate > DEFAULT_CONCURRENCY * RATE_PER_CONCURRENCY:
        yield (
            f"the busy hour has {plain(rate, 0)} requests a second; the default quota of an"
            f" account is {plain(DEFAULT_CONCURRENCY * RATE_PER_CONCURRENCY)}"
        )
    if workload.largest_response > BUFFERED_RESPONSE_LIMIT and not function.streaming:
        yield "Lambda must stream responses above 6 MiB; this bill does not include streaming"
    if workload.largest_response > STREAMED_RESPONSE_LIMIT:
        yield "Lambda cannot stream responses above 200 MiB"
