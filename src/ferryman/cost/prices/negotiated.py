"""Rates agreed with a provider, set by hand with a reason and a date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import NEGOTIATED, PriceBook, Rate, Tier, suggest

__all__ = ("discounted", "negotiated")


def negotiated(book: PriceBook, id: str, region: str, price: Decimal, reason: str) -> Rate:
    """Return a rate with the agreed price, for every unit.

    Args:
        book: The prices.
        id: The rate.
        region: Where the price applies.
        price: USD per unit.
        reason: The reason, which every bill with this rate shows.

    Raises:
        ConfigError: The book has no such rate, or the price is negative or not a number.
    """
    if not (price.is_finite() and 0 <= price <= 10**6):
        raise ConfigError(f"{price} USD is not a price", hint="give a number of 0 or more")
    base = book.rate(id, region)
    tiers = (Tier(Decimal(0), price),)
    return _marked(base, region, tiers, reason, f"in place of {base.value}")


def discounted(
    book: PriceBook, prefix: str, region: str, share: Decimal, reason: str
) -> list[Rate]:
    """Return the rates whose names begin with a prefix, each tier cheaper by a share.

    Rates that are already negotiated keep their prices: they are not returned.

    Raises:
        ConfigError: No other rate begins with the prefix, or the share is not a discount.
    """
    if not (share.is_finite() and 0 < share < 1):
        raise ConfigError(f"{share} is not a discount", hint="write 12% or 0.12")
    ids = sorted({id for id, place in book.rates if id.startswith(prefix) and ".free" not in id})
    rates = [rate for id in ids if (rate := book.find(id, region))]
    listed = [rate for rate in rates if rate.confidence != NEGOTIATED]
    if rates and not listed:
        raise ConfigError(
            f"every rate of {region} that begins with {prefix!r} was set by hand before",
            hint="give the new price of each: `ferryman cost prices set NAME VALUE`",
        )
    if not rates:
        known = sorted({id.partition(".")[0] for id, _ in book.rates})
        raise ConfigError(
            f"no rate of {region} begins with {prefix!r}",
            hint=suggest(prefix.partition(".")[0], known, "names begin with"),
        )
    return [_cheaper(rate, region, share, reason) for rate in listed]


def _cheaper(rate: Rate, region: str, share: Decimal, reason: str) -> Rate:
    tiers = tuple(replace(tier, price=tier.price * (1 - share)) for tier in rate.tiers)
    note = f"{(share * 100).normalize():f} % off {rate.value.normalize():f}"
    return _marked(rate, region, tiers, reason, note)


def _marked(rate: Rate, region: str, tiers: tuple[Tier, ...], reason: str, note: str) -> Rate:
    return replace(
        rate,
        region=region,
        tiers=tiers,
        source=reason,
        seen=date.today().isoformat(),
        confidence=NEGOTIATED,
        code="",
        note=note,
    )
