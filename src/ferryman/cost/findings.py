"""What was found besides bills, as sentences and tables: bands, growth, memory, sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from ferryman.core.tables import Row, Table
from ferryman.cost.compare import Comparison, Duel
from ferryman.cost.figures import plain, usd, volume
from ferryman.cost.platforms.platform import Platform

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.memory import Advice
    from ferryman.cost.sweep import Sweep
    from ferryman.cost.uncertainty import Band, Influence

__all__ = (
    "band_text",
    "growth_text",
    "influence_text",
    "line_table",
    "memory_table",
    "told",
    "told_pairs",
    "turn_text",
)


def told(comparison: Comparison, most: int = 6) -> tuple[Duel, ...]:
    """Return the duels worth a sentence: all if they are few, else those of the first platform."""
    if len(comparison.duels) <= most:
        return comparison.duels
    first = comparison.duels[0].first
    return tuple(duel for duel in comparison.duels if duel.first == first)


def told_pairs(comparison: Comparison) -> list[tuple[Platform, Platform]]:
    """Return the platforms of those duels for whose first crossing a band can be had.

    The one bills requests alone and is the cheaper at first, the other has capacity.
    """
    named = {platform.name: platform for platform in comparison.platforms}
    duels = [duel for duel in told(comparison) if duel.cheaper_at_first == duel.first]
    pairs = [(named[duel.first], named[duel.second]) for duel in duels]
    return [(a, b) for a, b in pairs if a.pays_per_request and not b.pays_per_request]


def band_text(band: Band) -> str:
    """Return where nine draws in ten lie, to be put behind a sentence on the crossover."""
    if band.never > 0.95:
        return f" In {band.never:.0%} of the draws there is no crossover."
    ends = [volume(Decimal(x)) if x else "never" for x in (band.low, band.high)]
    never = f"; in {band.never:.0%} there is none" if band.never >= 0.005 else ""
    return f" Nine draws in ten lie between {ends[0]} and {ends[1]}{never}."


def influence_text(found: Sequence[Influence], first: str, second: str) -> str:
    """Return which inputs move a crossover most, in one sentence."""
    strongest = [x for x in found if x.swing > 1.005][:3]
    if not strongest:
        return f"No input moves the crossover of {first} and {second}."
    parts = []
    for x in strongest:
        ends = [volume(Decimal(end)) if end else "never" for end in (x.at_low, x.at_high)]
        parts.append(f"{x.name.replace('_', ' ')} ({ends[0]} to {ends[1]})")
    return f"What moves that of {first} and {second} most: {', '.join(parts)}."


def growth_text(found: Forecast) -> str:
    """Return when to move, what staying costs, and when nothing carries the traffic."""
    end = found.overrun
    if end and not end.number:
        return "None of the platforms carries the traffic."
    limit = f" From month {end.number} on none of them carries the traffic." if end else ""
    months = end.number if end else len(found.months)
    move = found.move
    if move is None:
        return f"{found.current} stays the cheapest for {months} months.{limit}"
    extra = found.staying_costs
    more = f"costs {usd(extra)} USD more" if extra.is_finite() else "is not possible"
    when = "now" if not move.number else f"in month {move.number}"
    return (
        f"Move from {found.current} to {move.cheapest} {when}, at"
        f" {volume(move.requests)} requests a month; staying for {months} months {more}.{limit}"
    )


def memory_table(advice: Advice) -> Table:
    """Return a row per memory size, the cheapest and the fastest marked."""
    rows = []
    for option in advice.options:
        marks = [
            text
            for text, best in (("cheapest", advice.cheapest), ("fastest", advice.fastest))
            if option == best
        ]
        size, wall = str(option.memory_mib), plain(option.wall_ms, 1)
        rows.append((size, wall, usd(option.usd), ", ".join(marks)))
    header = ("MiB", "ms a request", "USD a month", "")
    return Table("Lambda by memory size", header, tuple(rows), frozenset({0, 1, 2}))


def turn_text(found: Sweep, name: str) -> str:
    """Return where the cheaper of two platforms changes over an input."""
    leader = found.leader
    if leader is None:
        return f"{found.first} and {found.second} cost the same, whatever {name} is."
    if not found.turns:
        other = found.second if leader == found.first else found.first
        return f"{other} is never cheaper than {leader}, whatever {name} is."
    parts = [f"{turn.cheaper} is cheaper above {plain(turn.value, 3)}" for turn in found.turns]
    return f"{leader} is cheaper at first; {'; '.join(parts)}."


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
