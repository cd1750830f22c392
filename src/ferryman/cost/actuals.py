"""Compares the predicted Lambda bill with the actual one, which follows from the logs.

The same model and the same prices give both bills, so only the inputs differ. The Shapley value
attributes the difference to the inputs: it replaces predicted inputs by actual ones in every
possible order, and takes the mean of what each replacement changes. The parts add up to the whole
difference. Source: L. S. Shapley, "A Value for n-Person Games", 1953.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import factorial

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Line
from ferryman.cost.number_format import exact
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.traffic.log_summary import LogSummary
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS, Workload

__all__ = ("INPUTS", "Actuals", "InputActuals", "ItemActuals", "compare_with_logs")

INPUTS = {
    "requests": ("requests", "a month"),
    "wall_ms": ("duration", "ms billed"),
    "memory_mib": ("memory", "MiB"),
    "cold_start_share": ("cold starts", "of the requests"),
    "init_ms": ("cold start", "ms billed"),
    "log_bytes": ("logs", "bytes a request"),
    "response_bytes": ("response", "bytes"),
    "request_bytes": ("request", "bytes"),
}
"""The inputs that a log can confirm or correct: label and unit of each."""


@dataclass(frozen=True, slots=True)
class ItemActuals:
    """A line of the monthly bill, predicted and actual.

    Args:
        item: The billed item.
        unit: Its unit.
        predicted: The predicted number of units.
        actual: The number of units according to the logs.
        predicted_usd: The cost of the predicted units; ``None`` if this is a part of another line.
        actual_usd: The cost of the actual units at the same prices.
    """

    item: str
    unit: str
    predicted: Decimal
    actual: Decimal
    predicted_usd: Decimal | None = None
    actual_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class InputActuals:
    """An input, and its part of the difference between the bills.

    Args:
        name: The field of `Workload`.
        predicted: The predicted value.
        actual: The actual value; ``None`` if the logs lack it.
        usd: Its additional cost over the prediction, USD a month.
    """

    name: str
    predicted: Decimal
    actual: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Actuals:
    """A predicted bill beside the actual one.

    Args:
        platform: The platform and its assumptions; both bills leave the free tiers out.
        items: The lines of the bill.
        inputs: The inputs; their amounts add up to the difference of the totals.
        predicted_usd: The predicted bill, USD a month.
        actual_usd: The bill with the inputs from the logs, at the same prices.
    """

    platform: str
    items: tuple[ItemActuals, ...]
    inputs: tuple[InputActuals, ...]
    predicted_usd: Decimal
    actual_usd: Decimal

    @property
    def difference(self) -> Decimal:
        """By how much the prediction was too low, USD a month; negative if it was too high."""
        return exact(Fraction(self.actual_usd) - Fraction(self.predicted_usd))


def compare_with_logs(
    workload: Workload, found: LogSummary, function: LambdaFunction, book: PriceBook
) -> Actuals:
    """Return how a prediction differs from the logs.

    Both bills leave the free tiers out: the account's functions share them, and within them every
    prediction costs the same, nothing.

    Args:
        workload: The prediction.
        found: The summary of the logs; an input that it lacks keeps its predicted value.
        function: The Lambda function and its front door.
        book: The prices.

    Raises:
        ConfigError: The logs cover less than an hour, or cannot be priced.
    """
    if found.period is None:
        raise ConfigError(
            f"{found.name}: the log covers only {found.covered:,.0f} seconds",
            cause="that is too short to compare with a month",
            hint="give a log with times of at least an hour, better of a week",
        )
    predicted = _as_billed(workload)
    actual = {name: value for name, value in found.inputs.items() if name in INPUTS}
    if found.use and found.use.sizes > 1:
        # The prediction has one memory size; the billed functions had several.
        actual["memory_mib"] = Decimal(f"{found.use.memory_mean:.3f}")
    after = _with(predicted, actual)
    function = replace(function, free_tiers=frozenset())
    before, now = (bill(function, work, book) for work in (predicted, after))
    return Actuals(
        platform=f"{function.name}; {function.assumptions}",
        items=tuple(_items((before, now), predicted, after)),
        inputs=tuple(_inputs(predicted, actual, function, book)),
        predicted_usd=before.total,
        actual_usd=now.total,
    )


def _as_billed(workload: Workload) -> Workload:
    """Return the workload with its billed duration, which is at least its CPU time."""
    bound = workload.cpu_ms * LAMBDA_MIB_PER_VCPU / workload.memory_mib
    return replace(workload, wall_ms=max(workload.wall_ms, bound), cpu_ms=Decimal(0))


def _with(workload: Workload, values: Mapping[str, Decimal]) -> Workload:
    numbers = {name: values.get(name, getattr(workload, name)) for name in LIMITS}
    return Workload.of(workload.shape, **numbers)


def _items(bills: tuple[Bill, Bill], before: Workload, after: Workload) -> Iterator[ItemActuals]:
    first, second = ({line.item: line for line in made.lines} for made in bills)
    for item in dict.fromkeys((*first, *second)):
        yield _item(item, first.get(item), second.get(item))
        if item == "Lambda requests":
            cold = map(_cold_starts, (before, after))
            yield ItemActuals("including cold starts", "requests", *cold)
        if item == "Lambda duration":
            init = map(_init, (before, after))
            yield ItemActuals("including initialization", "GB-seconds", *init)


def _item(item: str, before: Line | None, after: Line | None) -> ItemActuals:
    known = before or after
    assert known
    zero = Decimal(0)
    return ItemActuals(
        item,
        known.unit,
        before.quantity if before else zero,
        after.quantity if after else zero,
        before.amount if before else zero,
        after.amount if after else zero,
    )


def _cold_starts(workload: Workload) -> Decimal:
    return workload.requests * workload.cold_start_share


def _init(workload: Workload) -> Decimal:
    seconds = _cold_starts(workload) * workload.init_ms / 1000
    return seconds * workload.memory_mib / 1024


def _inputs(
    predicted: Workload, actual: Mapping[str, Decimal], function: LambdaFunction, book: PriceBook
) -> Iterator[InputActuals]:
    moved = [name for name, value in actual.items() if value != getattr(predicted, name)]
    parts = _shapley(predicted, {name: actual[name] for name in moved}, function, book)
    for name in INPUTS:
        before = getattr(predicted, name)
        yield InputActuals(name, before, actual.get(name), exact(parts.get(name, Fraction(0))))


def _shapley(
    predicted: Workload, actual: dict[str, Decimal], function: LambdaFunction, book: PriceBook
) -> dict[str, Fraction]:
    totals: dict[frozenset[str], Fraction] = {}
    for size in range(len(actual) + 1):
        for names in combinations(actual, size):
            mixed = _with(predicted, {name: actual[name] for name in names})
            totals[frozenset(names)] = Fraction(bill(function, mixed, book).total)
    return {name: _value(name, totals, len(actual)) for name in actual}


def _value(name: str, totals: Mapping[frozenset[str], Fraction], count: int) -> Fraction:
    value = Fraction(0)
    for others, total in totals.items():
        if name not in others:
            orders = factorial(len(others)) * factorial(count - len(others) - 1)
            value += (totals[others | {name}] - total) * Fraction(orders, factorial(count))
    return value
