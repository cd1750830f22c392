"""Crossovers over any input, such as the memory or duration at which another platform is cheaper.

A cost is piecewise linear in the requests, so crossovers over them are exact. It is not linear in
other inputs. There the exact bills are computed at many values, and each change of the cheaper
platform is then narrowed down. Two changes between neighbouring values are missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from itertools import pairwise

from ferryman.core.errors import ConfigError
from ferryman.cost.memory import at_memory
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.prices.book import PriceBook, suggest
from ferryman.cost.ranges import RANGED
from ferryman.cost.workload import LIMITS, Workload

__all__ = ("SAMPLES", "InputChange", "InputScan", "scan_input")

SAMPLES = 240
"""How many values of an input are tried."""

_SIX_DIGITS = Context(prec=6)

_FINEST = {"memory_mib": Decimal(1)}
"""The smallest step of an input; of others there is none."""

_CEILING = {
    "wall_ms": Decimal(60_000),
    "cpu_ms": Decimal(60_000),
    "response_bytes": Decimal(10**8),
    "request_bytes": Decimal(10**7),
    "peak_to_mean": Decimal(20),
    "resident_mib": Decimal(4096),
    "in_flight_mib": Decimal(1024),
    "burst": Decimal(20),
    "log_bytes": Decimal(10**6),
    "cross_zone_bytes": Decimal(10**8),
    "nat_bytes": Decimal(10**8),
    "cpu_variation": Decimal(100),
    "arrival_variation": Decimal(100),
    "init_ms": Decimal(60_000),
}
"""The largest value of a scan if it is below the input's own limit."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """A value of the input above which the other platform is cheaper.

    Args:
        value: The value, in the unit of the input.
        cheaper: The name of the platform that is cheaper above it.
    """

    value: Decimal
    cheaper: str


@dataclass(frozen=True, slots=True)
class InputScan:
    """Two platforms compared over an input.

    Args:
        first: The name of one platform.
        second: The name of the other.
        leader: The name of the cheaper platform at the lowest value at which they differ; ``None``
            if they cost the same at every value.
        changes: Every change above that value, in order.
    """

    first: str
    second: str
    leader: str | None
    changes: tuple[InputChange, ...]


def scan_input(
    workload: Workload,
    name: str,
    first: Platform,
    second: Platform,
    book: PriceBook,
    known: dict[tuple[str, Decimal], Decimal] | None = None,
) -> InputScan:
    """Return which platform is cheaper at the lowest value, and every change up to the highest.

    Args:
        workload: All other inputs, requests included. Over ``memory_mib`` the duration changes
            with the memory; over ``cpu_ms`` and ``wall_ms``, values are left out at which the
            CPU time exceeds the duration.
        name: The input.
        first: One platform.
        second: The other.
        book: The prices.
        known: Bills by platform and value; pairs of one workload share them.

    Raises:
        ConfigError: The input is unknown, or no value of it fits the rest of the workload.
    """
    if name not in RANGED:
        raise ConfigError(f"there is no input {name!r}", hint=suggest(name, RANGED, "there are"))

    fitting = 0
    totals = {} if known is None else known

    def total(platform: Platform, there: Workload, value: Decimal) -> Decimal:
        if (platform.name, value) not in totals:
            totals[platform.name, value] = bill(platform, there, book).total
        return totals[platform.name, value]

    def cheaper(value: Decimal) -> str | None:
        nonlocal fitting
        try:
            there = _with(workload, name, value)
            one, two = (total(platform, there, value) for platform in (first, second))
        except ConfigError:
            return None
        fitting += 1
        if one == two:
            return None
        return first.name if one < two else second.name

    leaders = [(value, leader) for value in _values(name) if (leader := cheaper(value))]
    if not fitting:
        raise ConfigError(f"no value of {name} fits the rest of the workload")
    changes = tuple(
        InputChange(_narrow(low, high, before, cheaper, _FINEST.get(name)), after)
        for (low, before), (high, after) in pairwise(leaders)
        if before != after
    )
    return InputScan(first.name, second.name, leaders[0][1] if leaders else None, changes)


def _narrow(
    low: Decimal,
    high: Decimal,
    before: str,
    cheaper: Callable[[Decimal], str | None],
    finest: Decimal | None,
) -> Decimal:
    """Return the last value before the change, to six digits or to the smallest step."""
    while high - low > (finest or high / 10**6):
        middle = (low + high) / 2
        if finest:
            middle = middle // finest * finest
        if cheaper(middle) == before:
            low = middle
        else:
            high = middle
    return low if finest else _SIX_DIGITS.create_decimal(high)


def _values(name: str) -> list[Decimal]:
    """Return values at equal ratios over the range."""
    least, most, _ = LIMITS[name]
    top = min(most, _CEILING.get(name, most))
    bottom = max(least, top / 10**6)
    ratio = float(top / bottom) ** (1 / (SAMPLES - 1))
    step = _FINEST.get(name)
    values = [bottom * Decimal(ratio**place) for place in range(SAMPLES)]
    whole = [value // step * step if step else value for value in values]
    return list(dict.fromkeys([*([least] if least < bottom else []), *whole]))


def _with(workload: Workload, name: str, value: Decimal) -> Workload:
    if name == "memory_mib":
        return at_memory(workload, value)
    return replace(workload, **{name: value})  # type: ignore[arg-type]  # no shape
