"""The answer as values that JSON can carry, as docs/reference/cost.schema.json describes them.

Amounts and volumes are text: decimal numbers, of which nothing is lost on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ferryman.cost.bill import Bill, Line
from ferryman.cost.compare import Comparison, Duel
from ferryman.cost.figures import six_places
from ferryman.cost.prices.book import Rate
from ferryman.cost.report import regions_of
from ferryman.cost.workload import LIMITS

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.memory import Advice, Option
    from ferryman.cost.sweep import Sweep
    from ferryman.cost.uncertainty import Band, Influence

__all__ = (
    "SCHEMA",
    "as_data",
    "band_data",
    "growth_data",
    "influence_data",
    "memory_data",
    "rate_data",
    "sweep_data",
)

SCHEMA = 2
"""The version of what `as_data` returns; it changes when a field changes its meaning."""


def as_data(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as values that JSON can carry; amounts are text, in USD."""
    return {
        "schema": SCHEMA,
        "prices": {"date": comparison.book.date, "regions": regions_of(comparison)},
        "assumptions": {x.name: x.assumptions for x in comparison.platforms},
        "workload": {name: six_places(getattr(comparison.workload, name)) for name in LIMITS},
        "levels": [
            {
                "requests": six_places(level.requests),
                "cheapest": level.cheapest.platform,
                "bills": [_bill(bill) for bill in level.bills],
            }
            for level in comparison.levels
        ],
        "crossovers": [_duel_data(duel) for duel in comparison.duels],
        "cheapest": [
            {
                "from": six_places(stretch.start),
                "to": six_places(stretch.end),
                "platform": stretch.platform,
            }
            for stretch in comparison.stretches
        ],
        "horizon": six_places(comparison.horizon),
        "notes": list(comparison.notes),
    }


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "platform": bill.platform,
        "usd": six_places(bill.total) if bill.carried else None,
        "usd_range": [six_places(bill.low), six_places(bill.high)] if bill.carried else None,
        "highly_available": bill.highly_available,
        "servers": bill.servers,
        "lines": [_line(line) for line in bill.lines],
        "notes": list(bill.notes),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "item": line.item,
        "quantity": six_places(line.quantity),
        "unit": line.unit,
        "usd": six_places(line.amount),
        "formula": line.formula,
        "rate": rate_data(line.rate),
    }


def rate_data(rate: Rate) -> dict[str, Any]:
    """Return a rate with its tiers, as pairs of start and price, and where it is from."""
    return {
        "id": rate.id,
        "region": rate.region,
        "tiers": [[str(tier.start), str(tier.price)] for tier in rate.tiers],
        "source": rate.source,
        "seen": rate.seen,
        "confidence": rate.confidence,
        "code": rate.code,
    }


def _duel_data(duel: Duel) -> dict[str, Any]:
    return {
        "first": duel.first,
        "second": duel.second,
        "cheaper_at_first": duel.cheaper_at_first,
        "changes": [
            {
                "requests": six_places(change.requests),
                "cheaper": change.cheaper,
                "jump": change.jump,
                "usd": six_places(change.usd),
                "servers": change.servers,
            }
            for change in duel.changes
        ],
    }


def band_data(band: Band) -> dict[str, Any]:
    """Return a band as values that JSON can carry; volumes are whole requests a month."""
    data = asdict(band)
    for name in ("low", "middle", "high"):
        data[name] = None if data[name] is None else round(data[name])
    return data


def influence_data(found: Sequence[Influence]) -> list[dict[str, Any]]:
    """Return how far each input moves a crossover, the strongest first."""
    return [{"input": x.name, "at_low": x.at_low, "at_high": x.at_high} for x in found]


def growth_data(found: Forecast) -> dict[str, Any]:
    """Return when to move, what staying costs, and the months one by one."""
    return {
        "current": found.current,
        "move": found.move.number if found.move else None,
        "staying_usd": _usd(found.staying_costs),
        "months": [
            {
                "month": month.number,
                "requests": six_places(month.requests),
                "cheapest": month.cheapest,
                "usd": _usd(month.usd),
                "staying_usd": _usd(month.staying_usd),
            }
            for month in found.months
        ],
    }


def memory_data(advice: Advice) -> dict[str, Any]:
    """Return every memory size that was compared, the cheapest and the fastest named."""
    return {
        "cheapest": advice.cheapest.memory_mib,
        "fastest": advice.fastest.memory_mib,
        "options": [_option(option) for option in advice.options],
    }


def sweep_data(name: str, sweeps: Sequence[Sweep]) -> dict[str, Any]:
    """Return where the cheaper of two platforms changes over an input."""
    return {
        "input": name,
        "pairs": [
            {
                "first": found.first,
                "second": found.second,
                "cheaper_at_first": found.leader,
                "changes": [
                    {"value": six_places(turn.value), "cheaper": turn.cheaper}
                    for turn in found.turns
                ],
            }
            for found in sweeps
        ],
    }


def _option(option: Option) -> dict[str, Any]:
    return {
        "memory_mib": option.memory_mib,
        "wall_ms": six_places(option.wall_ms),
        "usd": six_places(option.usd),
    }


def _usd(amount: Decimal) -> str | None:
    return six_places(amount) if amount.is_finite() else None
