"""How compute is bought: on demand, as spot capacity, or under a savings plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.prices.book import EVERYWHERE, PriceBook, Rate, Tier

__all__ = ("PURCHASES", "Purchase", "bought", "purchase_notes", "scaled", "suffix")

Purchase = Literal["on-demand", "spot", "savings-1y", "savings-3y"]

PURCHASES: tuple[Purchase, ...] = ("on-demand", "spot", "savings-1y", "savings-3y")


def purchase_notes(purchase: Purchase) -> Iterator[str]:
    """Yield what a reader must know about servers bought in this way."""
    if purchase == "spot":
        yield "AWS may take back all spot capacity at once, with two minutes' notice"


def suffix(purchase: Purchase) -> str:
    """Return what a purchase adds to the name of a platform."""
    return "" if purchase == "on-demand" else f" {purchase}"


def bought(
    item: str,
    per_server: Decimal,
    rate_id: str,
    region: str,
    book: PriceBook,
    formula: str,
    purchase: Purchase,
    sizing: Sizing,
) -> Iterator[Charge]:
    """Yield what compute costs in the way that it is bought.

    A savings plan covers every hour of servers that run all month. Of servers that scale every
    hour it covers the minimum; the rest is on demand. Spot has no single price: the line uses
    the price of a real bill, or else the middle of the range seen, and the bill gives the ends
    of the range.

    Args:
        item: The label of the line.
        per_server: Units that a server uses in a month.
        rate_id: The on-demand rate.
        region: An AWS region.
        book: The prices.
        formula: How the units follow from the traffic, for a reader.
        purchase: How the compute is bought.
        sizing: How the servers are counted.

    Raises:
        ConfigError: The book has no savings-plan price for the compute.
    """
    rate = book.rate(rate_id, region)
    usage = Usage(per_server=per_server)
    if purchase == "on-demand":
        yield Charge(item, usage, rate, formula)
    elif purchase == "spot":
        yield _spot(item, usage, rate, book, formula)
    else:
        plan = book.rate(f"savings.{purchase.removeprefix('savings-')}.{rate_id}", region)
        if sizing.scaling == "fixed":
            yield Charge(f"{item}, {purchase}", usage, plan, formula)
        else:
            floor = per_server * sizing.minimum
            formula_of_minimum = "the minimum number of servers, all month"
            yield Charge(f"{item}, {purchase}", Usage(fixed=floor), plan, formula_of_minimum)
            rest = Usage(fixed=-floor, per_server=per_server)
            yield Charge(f"{item} above the plan", rest, rate, formula)


def _spot(item: str, usage: Usage, rate: Rate, book: PriceBook, formula: str) -> Charge:
    kind = rate.id.partition(".")[0]
    low, high = (book.rate(f"spot.{kind}.{end}", rate.region) for end in ("low", "high"))
    seen = book.rates.get((f"spot.{kind}.likely", EVERYWHERE))
    share = seen.value if seen else (low.value + high.value) / 2
    source = seen or low
    derived = replace(
        scaled(rate, share), confidence="unverified", source=source.source, seen=source.seen
    )
    spread = (low.value / share, high.value / share)
    return Charge(f"{item}, spot", usage, derived, formula, spread=spread)


def scaled(rate: Rate, share: Decimal) -> Rate:
    """Return a rate that is a share of another in each tier."""
    tiers = tuple(Tier(tier.start, tier.price * share) for tier in rate.tiers)
    note = f"{share.normalize():f} of {rate.id}"
    return replace(rate, id=f"{rate.id} x {share.normalize():f}", tiers=tiers, note=note, code="")
