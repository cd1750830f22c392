"""Formats the predicted and the actual bill as tables and as JSON. It prints nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ferryman.cost.actuals import INPUTS, Actuals, InputActuals, ItemActuals
from ferryman.cost.number_format import plain, six_places, usd
from ferryman.records.table import Table

__all__ = ("actuals_json", "input_table", "item_table")


def item_table(found: Actuals) -> Table:
    """Return a row per line of the bill: predicted, actual, difference, and the same in USD."""
    rows = [_item_row(item) for item in found.items]
    totals = ("total", "", "", "", "", *_usd(found.predicted_usd, found.actual_usd))
    header = ("a month", "unit", "predicted", "actual", "difference")
    return Table(
        f"Predicted and actual, {found.platform}",
        (*header, "USD predicted", "USD actual", "USD difference"),
        (*rows, totals),
        frozenset(range(2, 8)),
    )


def _item_row(item: ItemActuals) -> tuple[str, ...]:
    change = item.actual - item.predicted
    amounts = ("", "", "")
    if item.predicted_usd is not None and item.actual_usd is not None:
        amounts = _usd(item.predicted_usd, item.actual_usd)
    numbers = (item.predicted, item.actual)
    places = 2 if max(numbers) >= 1 else 6
    shown = [plain(number, places) for number in numbers]
    return (item.item, item.unit, *shown, _signed(plain(change, places), change), *amounts)


def _usd(before: Decimal, after: Decimal) -> tuple[str, str, str]:
    return usd(before), usd(after), _signed(usd(after - before), after - before)


def _signed(text: str, number: Decimal) -> str:
    if not text.strip("-0."):
        return text.lstrip("-")
    return f"+{text}" if number > 0 else text


def input_table(found: Actuals) -> Table:
    """Return a row per input: predicted, actual, its part of the difference, and its share."""
    total = found.difference
    rows = []
    for cause in sorted(found.inputs, key=lambda cause: -abs(cause.usd)):
        label, unit = INPUTS[cause.name]
        actual = "not in the log" if cause.actual is None else plain(cause.actual, 6)
        share = f"{float(cause.usd / total):.1%}" if total and cause.usd else "-"
        amount = _signed(usd(cause.usd), cause.usd)
        rows.append((label, unit, plain(cause.predicted, 6), actual, amount, share))
    sums = ("all", "", "", "", _signed(usd(total), total), "100.0%" if total else "-")
    header = ("input", "unit", "predicted", "actual", "USD a month", "share")
    title = "Causes of the difference; an input that the log lacks keeps its predicted value"
    return Table(title, header, (*rows, sums), frozenset({2, 3, 4, 5}))


def actuals_json(found: Actuals) -> dict[str, Any]:
    """Return both bills and the causes of their difference for JSON; numbers are text."""
    return {
        "platform": found.platform,
        "lines": [_data(item) for item in found.items],
        "causes": [_data(cause) for cause in found.inputs],
        "predicted_usd": six_places(found.predicted_usd),
        "actual_usd": six_places(found.actual_usd),
        "difference_usd": six_places(found.difference),
    }


def _data(value: ItemActuals | InputActuals) -> dict[str, str | None]:
    fields = ((name, getattr(value, name)) for name in value.__slots__)
    return {name: six_places(x) if isinstance(x, Decimal) else x for name, x in fields}
