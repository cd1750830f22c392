"""Formats an answer as tables: bills, the cheapest by traffic, growth, memory, assumptions.

Pure functions from values to rows. They print nothing and know no HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from ferryman.cost.bill import Bill, Line
from ferryman.cost.compare import Comparison
from ferryman.cost.input_labels import INPUT_LABELS
from ferryman.cost.number_format import plain, rate_per_second, usd, volume
from ferryman.cost.prices.book import Rate
from ferryman.records.table import Row, Table
from ferryman.records.wording import counted, three_digits

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.memory import Advice
    from ferryman.cost.money import Money

__all__ = (
    "bill_table",
    "growth_table",
    "level_table",
    "line_table",
    "memory_table",
    "money_table",
    "platform_table",
    "price_row",
    "regions_of",
    "servers_text",
    "stretch_table",
    "workload_table",
)

SCALED_BELOW = Decimal("0.001")
"""USD a unit; a price below it is shown for a million units."""

MILLION = Decimal(10**6)


def workload_table(comparison: Comparison, origins: Mapping[str, str]) -> Table:
    """Return a row per input of the workload: its name, its source and its value.

    Args:
        comparison: The comparison.
        origins: The source of each field that is not assumed.
    """
    rows: list[Row] = []
    for name, label in INPUT_LABELS.items():
        number = getattr(comparison.workload, name)
        value = plain(number)
        if name in origins or value != label.silent:
            # A given value is shown as it was typed; others are not exact to more digits.
            shown = value if origins.get(name) == "given" else three_digits(number)
            cell = f"{shown} {label.meaning}"
            if name == "response_bytes" and (sizes := comparison.workload.sizes):
                cell += f", {sizes.text}"
            rows.append((label.name, origins.get(name, "assumed"), cell))
    return Table("The workload", ("input", "source", "value"), tuple(rows))


def platform_table(comparison: Comparison) -> Table:
    """Return a row per platform: its assumptions besides the workload."""
    rows: tuple[Row, ...] = tuple((x.name, x.assumptions) for x in comparison.platforms)
    return Table("The platforms", ("platform", "assumptions"), rows)


def price_row(comparison: Comparison) -> str:
    """Return the regions and the dates of the prices, in one line."""
    seen = sorted(rate.seen for rate in _rates(comparison))
    places = ", ".join(regions_of(comparison))
    book = f"price book of {comparison.book.date}, rates seen from {seen[0]} to {seen[-1]}"
    return f"USD in {places}; {book}"


def level_table(comparison: Comparison) -> Table:
    """Return a row per platform: servers and USD a month at each level, and USD a year."""
    own = volume(comparison.workload.requests)
    levels = [f"{volume(x.requests)} requests" for x in comparison.levels]
    header = ("platform", "HA", *levels, f"a year at {own}")
    rows: list[Row] = []
    for index, platform in enumerate(comparison.platforms):
        bills = [level.bills[index] for level in comparison.levels]
        cells = []
        for level, bill in zip(comparison.levels, bills, strict=True):
            servers = f"{servers_text(bill)}  " if bill.servers else ""
            cells.append(f"{servers}{usd(bill.total)}{'*' if bill is level.cheapest else ' '}")
        year = usd(comparison.own.bills[index].total * 12)
        rows.append((platform.name, "yes" if bills[0].highly_available else "no", *cells, year))
    right = frozenset(range(2, len(header)))
    return Table("USD a month; * marks the cheapest", header, tuple(rows), right)


def money_table(comparison: Comparison, money: Money) -> Table:
    """Return a row per platform: the bill at the workload's volume in another currency."""
    bills = [bill for bill in comparison.own.bills if bill.carried]
    amounts = [(bill.platform, money.of(bill.total)) for bill in bills]
    rows = tuple((name, usd(amount), usd(amount * 12)) for name, amount in amounts)
    title = f"{volume(comparison.workload.requests)} requests a month in {money.text}"
    return Table(title, ("platform", "a month", "a year"), rows, frozenset({1, 2}))


def servers_text(bill: Bill) -> str:
    """Return the number and the size of a bill's servers, and the share that they forward."""
    if not bill.size:
        text = counted(bill.servers or 0, "server")
    else:
        text = f"{bill.servers} x {bill.size}"
    if bill.sent_on:
        text += f" + {plain(bill.sent_on / Fraction(bill.requests) * 100, 1)} %"
    return text


def bill_table(bill: Bill) -> Table:
    """Return a row per line of the bill and one for its total.

    In each row, billed units times price make the amount.
    """
    rows = [row for line in bill.lines for row in _line_rows(line)]
    shown = sum((Decimal(row[5].replace(",", "")) for row in rows), Decimal(0))
    rounding = bill.total.quantize(Decimal("0.01"), ROUND_HALF_UP) - shown if bill.carried else 0
    if rounding:
        rows.append(("rounding", "", "", "", "", f"{rounding:f}", ""))
    return Table(
        f"{bill.platform}{f', {servers_text(bill)}' if bill.size else ''}"
        f" at {volume(bill.requests)} requests a month",
        ("item", "quantity", "free", "billed", "USD a unit", "USD", "formula"),
        (*rows, ("total", "", "", "", "", usd(bill.total), "")),
        frozenset({1, 2, 3, 5}),
    )


def _line_rows(line: Line) -> Iterator[Row]:
    """Yield a row for each tier of the line's rate that its units reach."""
    parts = list(_tier_parts(line)) or [(Decimal(0), line.rate.value)]
    for place, (units, price) in enumerate(parts):
        first = not place
        yield (
            line.item if first else "  next tier",
            _units(line.quantity) if first else "",
            (_units(line.free) if line.allowance else "") if first else "",
            _units(units),
            _price(price, line.rate.unit),
            usd(units * price),
            line.formula if first else "",
        )


def _tier_parts(line: Line) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield the billed units in each tier, and the tier's price."""
    billed = line.quantity - line.free
    ends = [tier.start for tier in line.rate.tiers[1:]]
    starts = [tier.start for tier in line.rate.tiers]
    for tier, (start, end) in zip(
        line.rate.tiers, pairwise([*starts, max(billed, *ends, Decimal(0))]), strict=True
    ):
        units = min(billed, end) - start
        if units > 0:
            yield units, tier.price


def _units(number: Decimal) -> str:
    return plain(number, 0 if number >= 10**5 else 2)


def _price(price: Decimal, unit: str) -> str:
    if price and price < SCALED_BELOW:
        return f"{plain(price * MILLION)} a million {unit}s"
    return f"{plain(price)} a {unit}"


def stretch_table(comparison: Comparison) -> Table:
    """Return a row per range of volumes: the cheapest platform in it."""
    rows: list[Row] = []
    for stretch in comparison.stretches:
        low, high = volume(stretch.start), volume(stretch.end)
        rates = f"{rate_per_second(stretch.start)} to {rate_per_second(stretch.end)}"
        rows.append((f"{low} to {high}", rates, stretch.platform))
    title = f"Cheapest platform, up to {volume(comparison.horizon)} requests a month"
    return Table(title, ("requests a month", "a second", "platform"), tuple(rows))


def growth_table(growth: Forecast) -> Table:
    """Return a row per month: the requests, the cheapest platform, and the cost of staying."""
    rows: tuple[Row, ...] = tuple(
        (
            month.name,
            volume(month.requests),
            month.cheapest if month.usd.is_finite() else "none can serve it",
            usd(month.usd),
            usd(month.staying_usd),
        )
        for month in growth.months
    )
    header = ("month", "requests", "cheapest", "USD", f"USD on {growth.current}")
    return Table("Growth, month by month", header, rows, frozenset({1, 3, 4}))


def memory_table(advice: Advice) -> Table:
    """Return a row per memory size; the cheapest and the fastest are marked."""
    rows = tuple(
        (str(x.memory_mib), three_digits(x.wall_ms), usd(x.usd), advice.marks(x))
        for x in advice.options
    )
    header = ("MiB", "ms a request", "USD a month", "")
    return Table("Lambda by memory size", header, rows, frozenset({0, 1, 2}))


def line_table(comparison: Comparison) -> Table:
    """Return every line of every bill at every level, for a spreadsheet."""
    rows: list[Row] = []
    for level in comparison.levels:
        for bill in level.bills:
            for line in bill.lines:
                rows.append(
                    (
                        f"{level.requests:f}",
                        bill.platform,
                        line.item,
                        f"{line.quantity:f}",
                        line.unit,
                        f"{line.amount:.6f}",
                        line.rate.id,
                        line.rate.confidence,
                    )
                )
    header = ("requests", "platform", "item", "quantity", "unit", "usd", "rate", "confidence")
    return Table("Bills", header, tuple(rows))


def regions_of(comparison: Comparison) -> list[str]:
    """Return the regions of the rates in the bills."""
    return sorted({rate.region for rate in _rates(comparison)} - {"*"})


def _rates(comparison: Comparison) -> Iterator[Rate]:
    for bill in comparison.levels[0].bills:
        yield from (line.rate for line in bill.lines)
