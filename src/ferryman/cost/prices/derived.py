"""Rates of regions whose price lists were not read, computed from the rates of us-east-1.

The book knows how much more instances cost in a region than in us-east-1, and other prices of a
region follow roughly. A derived rate is marked as computed and says from what. A bill that uses
one says how to read the real rate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Context, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.cost.prices.offers import edge_group

if TYPE_CHECKING:
    from ferryman.cost.prices.book import PriceBook, Rate

__all__ = ("DERIVED", "derive", "derived_note", "known_regions")

BASE = "us-east-1"

DERIVED = "computed from us-east-1: "
"""The beginning of a derived rate's source."""

LEVEL = {"arm64": "t4g", "": "t3"}
"""The families whose prices give a region's level: for rates of arm64, and for all others."""

_SEVEN = Context(prec=7)

_KINDS = ("ec2", "savings", "lambda", "cloudfront", "spot", "gce", "gcp", "gke")
"""Rates that do not follow the level of a region: they have their own rule, or none."""


def derive(id: str, region: str, book: PriceBook) -> Rate | None:
    """Return a rate of a region, computed from us-east-1; ``None`` if there is no rule for it.

    Args:
        id: The rate.
        region: An AWS region.
        book: The prices that were read.
    """
    base = book.rates.get((id, BASE))
    if base is None or region not in known_regions():
        return None
    if id == "egress":
        return _as_at_the_edge(base, region, book)
    reason = _factor(id, region, book)
    if reason is None:
        return None
    factor, why = reason
    tiers = tuple(
        replace(tier, price=_SEVEN.create_decimal(tier.price * factor)) for tier in base.tiers
    )
    return replace(
        base,
        region=region,
        tiers=tiers,
        source=f"{DERIVED}{why}; the rate itself was not read",
        confidence="computed",
        code="",
        note=f"{base.value} x {factor.normalize():f}",
    )


def derived_note(rates: list[Rate]) -> str:
    """Return what a reader must know about a bill with derived rates."""
    names = ", ".join(dict.fromkeys(rate.id for rate in rates))
    region = rates[0].region
    return (
        f"rates computed from {BASE}, not read from a price list: {names};"
        f" `ferryman cost prices update --region {region}` reads the real ones"
    )


def known_regions() -> Mapping[str, Mapping[str, str]]:
    """Return what instance families cost relative to us-east-1, by region."""
    regions: Mapping[str, Mapping[str, str]] = _levels()["regions"]
    return regions


@cache
def _levels() -> dict[str, Any]:
    text = Path(__file__).with_name("levels.json").read_text(encoding="utf-8")
    levels: dict[str, Any] = json.loads(text)
    return levels


def _factor(id: str, region: str, book: PriceBook) -> tuple[Decimal, str] | None:
    """Return a rate's price relative to us-east-1, and what that is based on."""
    kind, _, name = id.partition(".")
    families = known_regions()[region]
    if kind == "ec2":
        family = name.split(".")[0]
        why = f"what {family} costs in {region} in the list of {_levels()['seen']}"
        return (Decimal(families[family]), why) if family in families else None
    if kind == "savings":
        discounted = name.partition(".")[2]
        here, there = (book.find(discounted, place) for place in (region, BASE))
        if here is None or there is None:
            return None
        return here.value / there.value, f"what {discounted} costs in {region} on demand"
    if kind == "lambda":
        return _lambda_factor(name, region, book)
    if kind in _KINDS:
        return None
    family = LEVEL["arm64" if id.endswith("arm64") else ""]
    return Decimal(families[family]), f"what {family} instances cost in {region}"


def _lambda_factor(name: str, region: str, book: PriceBook) -> tuple[Decimal, str] | None:
    """Return the factor of an arm64 rate from its x86 rate, of others from the x86 duration."""
    alike = f"lambda.{name.replace('arm64', 'x86_64')}"
    like = alike if "arm64" in name else "lambda.duration.x86_64"
    here, there = (book.rates.get((like, place)) for place in (region, BASE))
    if here is None or there is None:
        return None
    return here.value / there.value, f"what {like} costs in {region}"


def _as_at_the_edge(base: Rate, region: str, book: PriceBook) -> Rate | None:
    """Return egress to the internet at CloudFront's price in the area, at least us-east-1's."""
    group = edge_group(region)
    edge = next(
        (
            rate
            for (id, place), rate in book.rates.items()
            if id == "cloudfront.egress" and edge_group(place) == group
        ),
        None,
    )
    if edge is None:
        return None
    price = max(edge.value, base.value)
    return replace(
        base,
        region=region,
        tiers=(replace(base.tiers[0], price=price),),
        source=f"{DERIVED}at least CloudFront's egress in the area; the rate itself was not read",
        confidence="computed",
        code="",
        note="one price for every GB, without the cheaper tiers",
    )
