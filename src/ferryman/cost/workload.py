"""The workload: how much traffic there is, and what one request needs.

Wall time and CPU time are separate inputs. Lambda bills the wall time of each request; a server
overlaps the waits of many requests, and is full when its CPU is. It knows no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import exact
from ferryman.cost.quantity import Quantity
from ferryman.cost.traffic.response_sizes import ResponseSizes
from ferryman.cost.traffic.shape import Shape

__all__ = ("LAMBDA_MIB_PER_VCPU", "LIMITS", "NOT_NUMBERS", "Inputs", "Workload")

NOT_NUMBERS = ("shape", "sizes", "usable")
"""The fields of `Inputs` that are not numbers, and so have no range."""

LAMBDA_MIB_PER_VCPU = 1769
"""Lambda memory that comes with one vCPU, MiB.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html.
"""

LIMITS: Mapping[str, tuple[Decimal, Decimal, str]] = {
    "requests": (Decimal(0), Decimal(10) ** 13, "requests a month"),
    "wall_ms": (Decimal("0.001"), Decimal(900_000), "milliseconds; Lambda stops at 15 minutes"),
    "cpu_ms": (Decimal(0), Decimal(900_000), "milliseconds"),
    "memory_mib": (Decimal(128), Decimal(10_240), "MiB, the sizes that Lambda offers"),
    "response_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "request_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "peak_to_mean": (Decimal(1), Decimal(1000), "times the mean rate"),
    "cold_start_share": (Decimal(0), Decimal(1), "a share of the requests"),
    "init_ms": (Decimal(0), Decimal(900_000), "milliseconds"),
    "resident_mib": (Decimal(1), Decimal(65_536), "MiB"),
    "in_flight_mib": (Decimal(0), Decimal(65_536), "MiB"),
    "burst": (Decimal(1), Decimal(1000), "times the mean rate of the hour"),
    "cpu_variation": (Decimal(0), Decimal(10_000), "a squared coefficient of variation"),
    "arrival_variation": (Decimal(0), Decimal(10_000), "a squared coefficient of variation"),
    "log_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "cross_zone_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "nat_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "growth": (Decimal("-0.99"), Decimal(10), "a share of the requests"),
}
"""The accepted range of each field: lowest, highest and the unit."""


@dataclass(frozen=True)
class Workload:
    """A month of traffic to one application.

    Args:
        requests: Requests a month.
        wall_ms: Mean billed duration of a request on Lambda with ``memory_mib``, milliseconds,
            waiting included. Lambda rounds each duration up to a whole millisecond, so add half a
            millisecond to a duration that was measured elsewhere.
        cpu_ms: Mean CPU time of a request on one vCPU, milliseconds.
        memory_mib: Memory setting of the Lambda function, MiB.
        response_bytes: Mean size of a response, bytes.
        request_bytes: Mean size of a request, bytes. Assumed unless measured.
        peak_to_mean: Rate in the busiest hour over the mean rate of its day. 1.75 is the
            median over the days of two public traces: NASA-HTTP of 1995 (1.75) and a
            Twitter stream of 2021 (1.73); one day in ten is above 2.05 and 2.19.
        cold_start_share: Share of the requests that wait for a new Lambda environment.
            0.0013 was measured on AWS at one request a second (Mahmoudi and Khazaei,
            IEEE Transactions on Cloud Computing, 2020); it falls as the rate grows.
        init_ms: Billed time of a cold start, milliseconds. Assumed: Python 3.13 starts in about
            80 ms (maxday/lambda-perf, 2026-08-22), and importing aiohttp takes 240 to 620 ms. AWS
            bills it since 2025-08-01.
        resident_mib: Memory of one server process at rest, MiB. Assumed.
        in_flight_mib: Memory that a request holds on a server while it runs, MiB. Assumed.
        burst: Rate in a busy minute over the mean of its hour. With 1, only the latency objective
            leaves room for busy minutes. In the two traces one minute in a hundred was above 2.1
            and 3.2.
        cpu_variation: Squared coefficient of variation of a request's CPU time: 1 if exponential,
            0 if always the same. Assumed.
        arrival_variation: Squared coefficient of variation of the times between requests: 1 for
            Poisson arrivals. The requests of each second in the two traces had an index of
            dispersion of 1.29 and 1.18.
        log_bytes: Bytes that the application logs for a request. Assumed: one line.
        cross_zone_bytes: Bytes that a request moves between zones, for example to a database.
        nat_bytes: Bytes that a request moves through a NAT gateway, if there is one.
        growth: Growth of the requests in a month, as a share of them.
        shape: The distribution of the traffic over the week; ``None`` if only the busiest hour
            is known.
        sizes: The distribution of response sizes; ``None`` if only the mean is known, which then
            is every response's size.

    Raises:
        ConfigError: A field is not a number or is out of range, or the CPU time is more than the
            wall time allows.
    """

    requests: Decimal
    wall_ms: Decimal
    cpu_ms: Decimal
    memory_mib: Decimal = Decimal(512)
    response_bytes: Decimal = Decimal(4096)
    request_bytes: Decimal = Decimal(1024)
    peak_to_mean: Decimal = Decimal("1.75")
    cold_start_share: Decimal = Decimal("0.0013")
    init_ms: Decimal = Decimal(600)
    resident_mib: Decimal = Decimal(128)
    in_flight_mib: Decimal = Decimal(1)
    burst: Decimal = Decimal(1)
    cpu_variation: Decimal = Decimal(1)
    arrival_variation: Decimal = Decimal("1.25")
    log_bytes: Decimal = Decimal(250)
    cross_zone_bytes: Decimal = Decimal(0)
    nat_bytes: Decimal = Decimal(0)
    growth: Decimal = Decimal(0)
    shape: Shape | None = None
    sizes: ResponseSizes | None = None

    def __post_init__(self) -> None:
        for name in LIMITS:
            _check(name, getattr(self, name))
        room = self.wall_ms * max(Decimal(1), self.lambda_vcpu)
        if self.cpu_ms > room:
            raise ConfigError(
                f"cpu_ms: {self.cpu_ms} ms of CPU do not fit into {self.wall_ms} ms of wall time",
                cause=f"a request can use at most {room.normalize():f} ms of CPU in that time",
                hint="wall_ms is the whole duration of a request, its CPU time included",
            )

    @classmethod
    def of(
        cls,
        shape: Shape | None = None,
        sizes: ResponseSizes | None = None,
        /,
        **values: Decimal | int | float | str,
    ) -> Workload:
        """Return a workload from numbers of any type; a float has the value that it prints.

        A shape sets ``peak_to_mean`` to its busiest hour, and sizes set ``response_bytes`` to
        their mean, unless these are given.

        Raises:
            ConfigError: A field is unknown, or for the reasons of the constructor.
        """
        unknown = values.keys() - LIMITS.keys()
        if unknown:
            raise ConfigError(
                f"a workload has no {', '.join(sorted(unknown))}",
                hint=f"its fields are {', '.join(LIMITS)}",
            )
        numbers = {name: _number(name, value) for name, value in values.items()}
        if shape and "peak_to_mean" not in numbers:
            numbers["peak_to_mean"] = shape.peak
        if sizes and "response_bytes" not in numbers:
            numbers["response_bytes"] = exact(sizes.mean)
        return cls(**numbers, shape=shape, sizes=sizes)

    @cached_property
    def inputs(self) -> Inputs:
        """The same numbers as exact fractions, for the equations."""
        names = (x.name for x in fields(Inputs) if x.name not in NOT_NUMBERS)
        numbers = {name: Fraction(getattr(self, name)) for name in names}
        return Inputs(**numbers, shape=self.shape, sizes=self.sizes)

    @cached_property
    def of_any_volume(self) -> Workload:
        """The workload without its number of requests: charges and curves do not depend on it."""
        return replace(self, requests=Decimal(0)) if self.requests else self

    @property
    def largest_response(self) -> Decimal:
        """The size of the largest known response, bytes."""
        return exact(self.sizes.largest) if self.sizes else self.response_bytes

    @property
    def lambda_vcpu(self) -> Decimal:
        """The number of vCPUs that Lambda allocates for ``memory_mib``; often below 1."""
        return self.memory_mib / LAMBDA_MIB_PER_VCPU


@dataclass(frozen=True, slots=True)
class Inputs:
    """A workload for the equations: fractions, or arrays with one value per draw.

    The fields are those of `Workload`; they are not checked.
    """

    wall_ms: Quantity
    cpu_ms: Quantity
    memory_mib: Quantity
    response_bytes: Quantity
    request_bytes: Quantity
    peak_to_mean: Quantity
    cold_start_share: Quantity
    init_ms: Quantity
    resident_mib: Quantity
    in_flight_mib: Quantity
    burst: Quantity
    cpu_variation: Quantity
    arrival_variation: Quantity
    log_bytes: Quantity
    cross_zone_bytes: Quantity
    nat_bytes: Quantity
    shape: Any = None
    sizes: ResponseSizes | None = None
    usable: dict[Any, Quantity] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A cache of the vCPUs that a kind of server may use; many platforms share a kind."""

    def mean_over_responses(self, billed: Callable[[Quantity], Quantity]) -> Quantity:
        """Return the mean billed units of a response, given the units for a number of bytes."""
        if self.sizes is None:
            return billed(self.response_bytes)
        return self.sizes.mean_of(billed, self.response_bytes)


def _number(name: str, value: Decimal | int | float | str) -> Decimal:
    try:
        return Decimal(str(value))
    except (InvalidOperation, ValueError):
        raise ConfigError(f"{name}: {value!r} is not a number") from None


def _check(name: str, value: Decimal) -> None:
    low, high, unit = LIMITS[name]
    if not value.is_finite() or not low <= value <= high:
        raise ConfigError(
            f"{name}: {value} is out of range",
            hint=f"give a number from {low.normalize():f} to {high.normalize():f} ({unit})",
        )
