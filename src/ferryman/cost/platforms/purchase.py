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
    """Yield what must be known of servers that are bought so."""
    if purchase == "spot":
        yield "AWS may take all spot capacity back at once, two minutes after it says so"


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

    A savings plan covers every hour of servers that are kept all month, and the minimum of
    those that follow the hour; the rest is on demand. Spot has no one price: the line takes
    what a bill showed or else the middle of the range that was seen, and the bill gives its ends.

    Args:
        item: What the bill calls it.
        per_server: Units that a server uses in a month.
        rate_id: The on-demand rate.
        region: An AWS region.
        book: The prices.
        formula: How the units follow, for a reader.
        purchase: How it is bought.
        sizing: How the servers are counted.

    Raises:
        ConfigError: The book has no savings-plan price for it.
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
            yield Charge(f"{item}, {purchase}", Usage(fixed=floor), plan, "the minimum, all month")
            rest = Usage(fixed=-floor, per_server=per_server)
            yield Charge(f"{item} above it", rest, rate, formula)


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
    """Return a rate that is a share of another one in each tier."""
    tiers = tuple(Tier(tier.start, tier.price * share) for tier in rate.tiers)
    note = f"{share.normalize():f} of {rate.id}"
    return replace(rate, id=f"{rate.id} x {share.normalize():f}", tiers=tiers, note=note, code="")
