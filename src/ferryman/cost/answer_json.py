"""Converts the answer to JSON values, as docs/reference/cost.schema.json describes them.

Amounts and volumes are decimal numbers as text, so that they lose no precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ferryman.cost.answer_tables import regions_of
from ferryman.cost.bill import Bill, Line
from ferryman.cost.compare import Comparison, Duel
from ferryman.cost.number_format import exact, six_places
from ferryman.cost.prices.book import Rate
from ferryman.cost.sentences import headline, outlook
from ferryman.cost.study import Study
from ferryman.cost.workload import LIMITS

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.hybrid.saving import HybridSaving
    from ferryman.cost.input_scan import InputScan
    from ferryman.cost.memory import Advice
    from ferryman.cost.uncertainty import Band

__all__ = ("SCHEMA", "answer_json", "rate_json")

SCHEMA = 2
"""The version of the format; it changes when a field changes its meaning."""


def answer_json(study: Study) -> dict[str, Any]:
    """Return the study as JSON values; amounts are text, in USD."""
    data = {"answer": f"{headline(study)} {outlook(study)}"} | _comparison(study.comparison)
    if study.logs:
        from ferryman.cost.traffic.log_tables import log_json

        data["found"] = log_json(study.logs)
    return data | {
        "origins": dict(sorted(study.origins.items())),
        "notes": [*study.notes, *study.comparison.notes],
        "bands": [_band(band) for band in study.bands],
        "influences": _influences(study),
        "hybrids": [_saving(saving) for saving in study.savings],
        "memory": _memory(study.advice) if study.advice else None,
        "growth": _growth(study.growth) if study.growth else None,
        "money": _money(study) if study.money else None,
        "over": _scans(study.scanned_input, study.scans) if study.scans else None,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
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
        "crossovers": [_duel(duel) for duel in comparison.duels],
        "cheapest": [
            {
                "from": six_places(stretch.start),
                "to": six_places(stretch.end),
                "platform": stretch.platform,
            }
            for stretch in comparison.stretches
        ],
        "horizon": six_places(comparison.horizon),
    }


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "platform": bill.platform,
        "usd": six_places(bill.total) if bill.carried else None,
        "usd_range": [six_places(bill.low), six_places(bill.high)] if bill.carried else None,
        "highly_available": bill.highly_available,
        "servers": bill.servers,
        "size": bill.size or None,
        "sent_on": None if bill.sent_on is None else six_places(exact(bill.sent_on)),
        "lines": [_line(line) for line in bill.lines],
        "notes": list(bill.notes),
    }


def _money(study: Study) -> dict[str, Any]:
    money = study.money
    assert money is not None
    bills = [bill for bill in study.comparison.own.bills if bill.carried]
    return {
        "currency": money.currency,
        "per_usd": six_places(money.per_usd),
        "tax": six_places(money.tax),
        "totals": {bill.platform: six_places(money.of(bill.total)) for bill in bills},
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "item": line.item,
        "quantity": six_places(line.quantity),
        "free": six_places(line.free),
        "unit": line.unit,
        "usd": six_places(line.amount),
        "formula": line.formula,
        "rate": rate_json(line.rate),
    }


def rate_json(rate: Rate) -> dict[str, Any]:
    """Return a rate with its tiers, as pairs of start and price, and its source."""
    return {
        "id": rate.id,
        "region": rate.region,
        "tiers": [[str(tier.start), str(tier.price)] for tier in rate.tiers],
        "source": rate.source,
        "seen": rate.seen,
        "confidence": rate.confidence,
        "code": rate.code,
    }


def _duel(duel: Duel) -> dict[str, Any]:
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


def _band(band: Band) -> dict[str, Any]:
    data = asdict(band)
    for name in ("low", "middle", "high"):
        data[name] = None if data[name] is None else round(data[name])
    return data


def _saving(saving: HybridSaving) -> dict[str, Any]:
    ends = {"from": saving.start, "to": saving.end, "best": saving.best}
    volumes = {name: None if x is None else six_places(x) for name, x in ends.items()}
    return {
        "platform": saving.platform,
        "saves": round(saving.own, 6),
        **volumes,
        "saves_at_best": round(saving.most, 6),
    }


def _influences(study: Study) -> dict[str, Any] | None:
    if not study.pair:
        return None
    inputs = [{"input": x.name, "at_low": x.at_low, "at_high": x.at_high} for x in study.influences]
    return {"per_request": study.pair[0], "capacity": study.pair[1], "inputs": inputs}


def _growth(growth: Forecast) -> dict[str, Any]:
    return {
        "current": growth.current,
        "move": growth.move.number if growth.move else None,
        "staying_usd": _usd(growth.staying_costs),
        "months": [
            {
                "month": month.number,
                "name": month.name,
                "requests": six_places(month.requests),
                "cheapest": month.cheapest,
                "usd": _usd(month.usd),
                "staying_usd": _usd(month.staying_usd),
            }
            for month in growth.months
        ],
    }


def _memory(advice: Advice) -> dict[str, Any]:
    return {
        "cheapest": advice.cheapest.memory_mib,
        "fastest": advice.fastest.memory_mib,
        "options": [
            {
                "memory_mib": option.memory_mib,
                "wall_ms": six_places(option.wall_ms),
                "usd": six_places(option.usd),
            }
            for option in advice.options
        ],
    }


def _scans(name: str, scans: Sequence[InputScan]) -> dict[str, Any]:
    return {
        "input": name,
        "pairs": [
            {
                "first": scan.first,
                "second": scan.second,
                "cheaper_at_first": scan.leader,
                "changes": [
                    {"value": six_places(change.value), "cheaper": change.cheaper}
                    for change in scan.changes
                ],
            }
            for scan in scans
        ],
    }


def _usd(amount: Decimal) -> str | None:
    return six_places(amount) if amount.is_finite() else None
