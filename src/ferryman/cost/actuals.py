"""The predicted bill of Lambda against the actual one, which its logs give since.

Both are priced by the same model and the same prices, so all that differs is the inputs.
Which of them was off, and by how much of the bill, is told by the Shapley value: the mean,
over every order in which predicted inputs could be replaced by actual ones, of what the
replacement changes. The parts add up to the whole difference, whatever the order.
Source: L. S. Shapley, "A Value for n-Person Games", 1953.
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
"""The inputs that a log can hold a prediction against."""


@dataclass(frozen=True, slots=True)
class ItemActuals:
    """A line of the bill in a month, as predicted and as it was.

    Args:
        item: The billed item.
        unit: In which unit.
        predicted: Units predicted.
        actual: Units that the log tells of.
        predicted_usd: What the predicted units cost; ``None`` for a part of another line.
        actual_usd: What the actual ones cost at the same prices.
    """

    item: str
    unit: str
    predicted: Decimal
    actual: Decimal
    predicted_usd: Decimal | None = None
    actual_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class InputActuals:
    """An input, and how much of the difference between the bills it causes.

    Args:
        name: The field of `Workload`.
        predicted: The predicted value.
        actual: The actual value; ``None`` if the log does not have it.
        usd: How much more it costs than predicted, USD a month.
    """

    name: str
    predicted: Decimal
    actual: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Actuals:
    """A prediction and its item.

    Args:
        platform: What was predicted, and that its free tiers do not count.
        items: Line by line.
        inputs: Input by input; their amounts add up to the difference of the totals.
        predicted_usd: The predicted bill, USD a month.
        actual_usd: The bill with what the log says, at the same prices.
    """

    platform: str
    items: tuple[ItemActuals, ...]
    inputs: tuple[InputActuals, ...]
    predicted_usd: Decimal
    actual_usd: Decimal

    @property
    def difference(self) -> Decimal:
        """What the prediction was short of, USD a month; below zero where it was too high."""
        return exact(Fraction(self.actual_usd) - Fraction(self.predicted_usd))


def compare_with_logs(
    workload: Workload, found: LogSummary, function: LambdaFunction, book: PriceBook
) -> Actuals:
    """Return how a prediction differs from what the logs say.

    Both are priced without the free tiers: they are one pool of the account, and below them
    every prediction comes true.

    Args:
        workload: What was predicted.
        found: What the logs say; what they do not is taken as predicted.
        function: The Lambda function and its front door.
        book: The prices.

    Raises:
        ConfigError: The logs cover less than an hour, or cannot be priced.
    """
    if found.period is None:
        raise ConfigError(
            f"{found.name}: the log covers {found.covered:,.0f} seconds",
            cause="what it says is held against a month",
            hint="an hour with times is needed, and a week is better",
        )
    predicted = _as_billed(workload)
    actual = {name: value for name, value in found.inputs.items() if name in INPUTS}
    if found.use and found.use.sizes > 1:
        # What comes will have one size; what was billed had several.
        actual["memory_mib"] = Decimal(f"{found.use.memory_mean:.3f}")
    after = _with(predicted, actual)
    function = replace(function, free_tiers=frozenset())
    bills = _bills((predicted, after), function, book)
    return Actuals(
        platform=f"{function.name}; {function.assumptions}",
        items=tuple(_items(bills, predicted, after)),
        inputs=tuple(_inputs(predicted, actual, function, book)),
        predicted_usd=bills[0].total,
        actual_usd=bills[1].total,
    )


def _as_billed(workload: Workload) -> Workload:
    """Return the workload with its duration as it is billed: no less than its CPU time takes."""
    bound = workload.cpu_ms * LAMBDA_MIB_PER_VCPU / workload.memory_mib
    return replace(workload, wall_ms=max(workload.wall_ms, bound), cpu_ms=Decimal(0))


def _bills(
    workloads: tuple[Workload, Workload], function: LambdaFunction, book: PriceBook
) -> tuple[Bill, Bill]:
    first, second = (bill(function, workload, book) for workload in workloads)
    return first, second


def _with(workload: Workload, values: Mapping[str, Decimal]) -> Workload:
    numbers = {name: values.get(name, getattr(workload, name)) for name in LIMITS}
    return Workload.of(workload.shape, **numbers)


def _items(bills: tuple[Bill, Bill], before: Workload, after: Workload) -> Iterator[ItemActuals]:
    second = {line.item: line for line in bills[1].lines}
    first = {line.item: line for line in bills[0].lines}
    for item in dict.fromkeys((*first, *second)):
        yield _item(item, first.get(item), second.get(item))
        if item == "Lambda requests":
            yield ItemActuals("of them cold", "requests", *map(_cold_starts, (before, after)))
        if item == "Lambda duration":
            yield ItemActuals("of it cold starts", "GB-seconds", *map(_init, (before, after)))


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
