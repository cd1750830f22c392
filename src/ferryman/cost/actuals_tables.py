"""The predicted bill beside the actual one, as tables and as JSON. Pure: it prints nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ferryman.cost.actuals import INPUTS, Actuals, InputActuals, ItemActuals
from ferryman.cost.number_format import plain, six_places, usd
from ferryman.records.table import Table

__all__ = ("actuals_json", "input_table", "item_table")


def item_table(found: Actuals) -> Table:
    """Return a row per line: predicted, actual, difference, and the same in USD."""
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
    """Return a row per input: predicted, actual, what it adds to the bill, and its share."""
    total = found.difference
    rows = []
    for each in sorted(found.inputs, key=lambda each: -abs(each.usd)):
        label, unit = INPUTS[each.name]
        actual = "not in the log" if each.actual is None else plain(each.actual, 6)
        share = f"{float(each.usd / total):.1%}" if total and each.usd else "-"
        amount = _signed(usd(each.usd), each.usd)
        rows.append((label, unit, plain(each.predicted, 6), actual, amount, share))
    sums = ("all", "", "", "", _signed(usd(total), total), "100.0%" if total else "-")
    header = ("which input was off", "unit", "predicted", "actual", "USD a month", "share")
    title = "What made the difference; an input that is not in the log is taken as predicted"
    return Table(title, header, (*rows, sums), frozenset({2, 3, 4, 5}))


def actuals_json(found: Actuals) -> dict[str, Any]:
    """Return the same for a machine, numbers as text."""
    return {
        "platform": found.platform,
        "lines": [_data(item) for item in found.items],
        "causes": [_data(each) for each in found.inputs],
        "predicted_usd": six_places(found.predicted_usd),
        "actual_usd": six_places(found.actual_usd),
        "difference_usd": six_places(found.difference),
    }


def _data(value: ItemActuals | InputActuals) -> dict[str, str | None]:
    fields = ((name, getattr(value, name)) for name in value.__slots__)
    return {n: six_places(x) if isinstance(x, Decimal) else x for n, x in fields}
