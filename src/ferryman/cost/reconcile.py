"""What was predicted of Lambda, held against what its logs say since.

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
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.core.tables import Table
from ferryman.cost.bill import Bill, Line
from ferryman.cost.figures import exact, plain, six_places, usd
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import bill
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.traffic.found import Found
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS, Workload

__all__ = (
    "Cause",
    "Outcome",
    "Reconciliation",
    "cause_table",
    "outcome_table",
    "reconcile",
    "reconciliation_data",
)

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
class Outcome:
    """A line of the prediction and what came of it, in a month.

    Args:
        item: What it is.
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
class Cause:
    """An input, and its part in the difference of the bills.

    Args:
        name: The field of `Workload`.
        predicted: What it was taken for.
        actual: What it was; ``None`` if the log does not say.
        usd: What its being off adds to the bill, USD a month.
    """

    name: str
    predicted: Decimal
    actual: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A prediction and its outcome.

    Args:
        platform: What was predicted, and that its free tiers do not count.
        outcomes: Line by line.
        causes: Input by input; their amounts add up to the difference of the totals.
        predicted_usd: The predicted bill, USD a month.
        actual_usd: The bill with what the log says, at the same prices.
    """

    platform: str
    outcomes: tuple[Outcome, ...]
    causes: tuple[Cause, ...]
    predicted_usd: Decimal
    actual_usd: Decimal

    @property
    def difference(self) -> Decimal:
        """What the prediction was short of, USD a month; below zero where it was too high."""
        return exact(Fraction(self.actual_usd) - Fraction(self.predicted_usd))


def reconcile(
    workload: Workload, found: Found, function: LambdaFunction, book: PriceBook
) -> Reconciliation:
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
    function = replace(function, free_tier=False)
    bills = _bills((predicted, after), function, book)
    return Reconciliation(
        platform=f"{function.name}; {function.assumptions}",
        outcomes=tuple(_outcomes(bills, predicted, after)),
        causes=tuple(_causes(predicted, actual, function, book)),
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


def _outcomes(bills: tuple[Bill, Bill], before: Workload, after: Workload) -> Iterator[Outcome]:
    second = {line.item: line for line in bills[1].lines}
    first = {line.item: line for line in bills[0].lines}
    for item in dict.fromkeys((*first, *second)):
        yield _outcome(item, first.get(item), second.get(item))
        if item == "Lambda requests":
            yield Outcome("of them cold", "requests", *map(_cold_starts, (before, after)))
        if item == "Lambda duration":
            yield Outcome("of it cold starts", "GB-seconds", *map(_init, (before, after)))


def _outcome(item: str, before: Line | None, after: Line | None) -> Outcome:
    known = before or after
    assert known
    zero = Decimal(0)
    return Outcome(
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


def _causes(
    predicted: Workload, actual: Mapping[str, Decimal], function: LambdaFunction, book: PriceBook
) -> Iterator[Cause]:
    moved = [name for name, value in actual.items() if value != getattr(predicted, name)]
    parts = _shapley(predicted, {name: actual[name] for name in moved}, function, book)
    for name in INPUTS:
        before = getattr(predicted, name)
        yield Cause(name, before, actual.get(name), exact(parts.get(name, Fraction(0))))


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


def outcome_table(found: Reconciliation) -> Table:
    """Return a row per line: predicted, actual, difference, and the same in USD."""
    rows = [_outcome_row(outcome) for outcome in found.outcomes]
    totals = ("total", "", "", "", "", *_usd(found.predicted_usd, found.actual_usd))
    header = ("a month", "unit", "predicted", "actual", "difference")
    return Table(
        f"Predicted and actual, {found.platform}",
        (*header, "USD predicted", "USD actual", "USD difference"),
        (*rows, totals),
        frozenset(range(2, 8)),
    )


def _outcome_row(outcome: Outcome) -> tuple[str, ...]:
    change = outcome.actual - outcome.predicted
    amounts = ("", "", "")
    if outcome.predicted_usd is not None and outcome.actual_usd is not None:
        amounts = _usd(outcome.predicted_usd, outcome.actual_usd)
    numbers = (outcome.predicted, outcome.actual)
    places = 2 if max(numbers) >= 1 else 6
    shown = [plain(number, places) for number in numbers]
    return (outcome.item, outcome.unit, *shown, _signed(plain(change, places), change), *amounts)


def _usd(before: Decimal, after: Decimal) -> tuple[str, str, str]:
    return usd(before), usd(after), _signed(usd(after - before), after - before)


def _signed(text: str, number: Decimal) -> str:
    if not text.strip("-0."):
        return text.lstrip("-")
    return f"+{text}" if number > 0 else text


def cause_table(found: Reconciliation) -> Table:
    """Return a row per input: predicted, actual, what it adds to the bill, and its share."""
    total = found.difference
    rows = []
    for cause in sorted(found.causes, key=lambda cause: -abs(cause.usd)):
        label, unit = INPUTS[cause.name]
        actual = "not in the log" if cause.actual is None else plain(cause.actual, 6)
        share = f"{float(cause.usd / total):.1%}" if total and cause.usd else "-"
        amount = _signed(usd(cause.usd), cause.usd)
        rows.append((label, unit, plain(cause.predicted, 6), actual, amount, share))
    sums = ("all", "", "", "", _signed(usd(total), total), "100.0%" if total else "-")
    header = ("which input was off", "unit", "predicted", "actual", "USD a month", "share")
    title = "What made the difference; an input that is not in the log is taken as predicted"
    return Table(title, header, (*rows, sums), frozenset({2, 3, 4, 5}))


def reconciliation_data(found: Reconciliation) -> dict[str, Any]:
    """Return the same for a machine, numbers as text."""
    return {
        "platform": found.platform,
        "lines": [_data(outcome) for outcome in found.outcomes],
        "causes": [_data(cause) for cause in found.causes],
        "predicted_usd": six_places(found.predicted_usd),
        "actual_usd": six_places(found.actual_usd),
        "difference_usd": six_places(found.difference),
    }


def _data(value: Outcome | Cause) -> dict[str, str | None]:
    fields = ((name, getattr(value, name)) for name in value.__slots__)
    return {n: six_places(x) if isinstance(x, Decimal) else x for n, x in fields}
