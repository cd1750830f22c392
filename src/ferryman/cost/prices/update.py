"""Reading AWS's bulk price lists into rates of the book.

Each list is a CSV that is read line by line as it arrives: five lines about itself, a header,
then rows. A list that ends early, is not the one that was asked for or says something that
cannot be is refused as a whole.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import PriceBook, Rate, Tier, load_book, suggest
from ferryman.cost.prices.download import lines_of, path_of
from ferryman.cost.prices.offers import CLOUDFRONT, OFFERS, Row, rate_id
from ferryman.cost.prices.overlay import write_overlay
from ferryman.cost.prices.savings import SAVINGS, savings_id

__all__ = ("LISTS", "drift", "fetch_rates", "read_list", "unread", "write_overlay")

LISTS = (*OFFERS[:-1], SAVINGS, OFFERS[-1])
"""Every list that is read, the long one last."""

ABSURD = Decimal(4)
"""A price that is so many times the book's, or a part of it as small, is not believed."""

METADATA_LINES = 5


@dataclass(frozen=True, slots=True)
class _Entry:
    start: Decimal
    end: Decimal | None
    price: Decimal
    unit: str
    code: str = field(compare=False)


def fetch_rates(
    base: str, region: str, lists: Iterable[str] = (), say: Callable[[str], None] = print
) -> tuple[Rate, ...]:
    """Return the rates of the book in one region as AWS's lists have them.

    Args:
        base: The address before ``/offers`` and ``/savingsPlan``.
        region: An AWS region.
        lists: Names of lists, each with ``@VERSION`` to pin it; by default all, as they
            are today.
        say: Called with what is being read.

    Raises:
        ConfigError: A list cannot be had or cannot be believed.
    """
    found: list[Rate] = []
    for wanted in tuple(lists) or LISTS:
        name, _, version = wanted.partition("@")
        if name not in LISTS:
            raise ConfigError(
                f"there is no price list {name!r}", hint=suggest(name, LISTS, "there are")
            )
        path = path_of(base, name, version, region)
        say(f"reading {base}{path}")
        with closing(lines_of(base + path)) as lines:
            found += read_list(lines, name, version, region, base + path)
    return tuple(found)


def drift(book: PriceBook, fresh: Iterable[Rate]) -> list[tuple[Rate | None, Rate]]:
    """Return the fresh rates that the book has otherwise, each behind the book's own."""
    changed = []
    for rate in fresh:
        old = book.rates.get((rate.id, rate.region)) or book.rates.get((rate.id, "*"))
        if old is None or old.tiers != rate.tiers:
            changed.append((old, rate))
    return changed


def unread(book: PriceBook, fresh: Iterable[Rate], region: str) -> tuple[str, ...]:
    """Return the rates of a region that none of the lists has, and nothing was held against."""
    read = {rate.id for rate in fresh}
    return tuple(id for id, place in book.rates if place == region and id not in read)


def read_list(
    lines: Iterable[str], name: str, version: str, region: str, source: str
) -> tuple[Rate, ...]:
    """Return the rates that a price list has.

    Args:
        lines: The list, as CSV.
        name: What it must be a list of.
        version: The version that it must be; empty for any.
        region: An AWS region.
        source: Where it comes from.

    Raises:
        ConfigError: It is another list, is cut short, or has rows that cannot be.
    """
    rows = csv.reader(iter(lines))
    about = {_key(row[0]): row[1] for row in _take(rows, METADATA_LINES, source)}
    if about.get("offercode") != name or (version and about.get("version") != version):
        raise ConfigError(
            f"{source} is not what was asked for",
            cause=f"it says {about.get('offercode')} {about.get('version')}",
        )
    header = [_key(cell) for cell in next(iter(_take(rows, 1, source)))]
    book = load_book()
    entries: dict[str, dict[_Entry, None]] = {}
    for number, row in enumerate(rows, METADATA_LINES + 2):
        if len(row) != len(header):
            raise ConfigError(f"{source} is cut short or damaged in line {number}")
        named = dict(zip(header, row, strict=True))
        if id := _id(name, named, region, book):
            # The same price twice, for two operations, is one price.
            entries.setdefault(id, {})[_entry(named, f"{source}, line {number}")] = None
    if not entries:
        raise ConfigError(f"{source} has none of the rates that are looked for")
    seen = about.get("publicationdate", "")[:10]
    tiers = {id: sorted(found, key=lambda entry: entry.start) for id, found in entries.items()}
    known = {id for id, _ in book.rates}
    # A type that the book does not have, and whose rows contradict one another, is left out.
    wanted = {id: found for id, found in tiers.items() if id in known or _follow(found)}
    return tuple(_rate(id, found, region, source, seen, book) for id, found in wanted.items())


def _key(name: str) -> str:
    """Return the name of a column in the one way in which it is looked up."""
    return name.replace(" ", "").lower()


def _id(name: str, row: Row, region: str, book: PriceBook) -> str | None:
    if name == SAVINGS:
        return savings_id(row, region, book.instances)
    if name != CLOUDFRONT and row.get("regioncode", region) not in (region, ""):
        return None
    return rate_id(name, row, region, book.instances)


def _take(rows: Iterator[list[str]], count: int, source: str) -> list[list[str]]:
    taken = [row for _, row in zip(range(count), rows, strict=False) if len(row) > 1]
    if len(taken) < count:
        raise ConfigError(f"{source} is no price list", hint="its first lines are missing")
    return taken


def _entry(row: Mapping[str, str], where: str) -> _Entry:
    currency = row.get("currency")
    if currency != "USD":
        raise ConfigError(
            f"{where} is in {currency or 'no currency'}, not in USD",
            hint="only the price lists in USD can be read",
        )
    code = row.get("ratecode", "")
    # A rate code begins with the SKU, and with the code of the offer or the discounted SKU.
    second = row.get("offertermcode") or row.get("discountedsku")
    if not f"{code}.".startswith(f"{row.get('sku')}.{second}."):
        raise ConfigError(f"{where} has a rate code that does not belong to it: {code!r}")
    end = row.get("endingrange") or "Inf"
    try:
        price = Decimal(row.get("discountedrate") or row["priceperunit"])
        last = None if end == "Inf" else Decimal(end)
        start = Decimal(row.get("startingrange") or 0)
    except (KeyError, InvalidOperation) as error:
        raise ConfigError(f"{where} has no price", cause=repr(error)) from None
    if not price.is_finite() or price < 0:
        raise ConfigError(f"{where} has a price of {price}")
    return _Entry(start, last, price, row.get("unit", ""), code)


def _follow(tiers: list[_Entry]) -> bool:
    """Return whether tiers cover everything from zero on, each behind the one before."""
    gap = any(one.end != two.start for one, two in pairwise(tiers))
    return not (tiers[0].start or tiers[-1].end is not None or gap)


def _rate(
    id: str, tiers: list[_Entry], region: str, source: str, seen: str, book: PriceBook
) -> Rate:
    if not _follow(tiers):
        raise ConfigError(
            f"{source}: the tiers of {id} do not follow one another",
            cause=", ".join(f"{t.start} to {t.end or 'the end'}" for t in tiers),
        )
    old = _known(id, region, book)
    price = tiers[0].price
    if old and not old.value / ABSURD <= price <= old.value * ABSURD:
        raise ConfigError(
            f"{source}: {id} at {price} USD cannot be right",
            cause=f"the price book has {old.value} USD, seen {old.seen}",
            hint="nothing was written; look at the list by hand",
        )
    return Rate(
        id=id,
        region=region,
        unit=old.unit if old else tiers[0].unit,
        tiers=tuple(Tier(tier.start, tier.price) for tier in tiers),
        source=source,
        seen=seen,
        confidence="list",
        code=tiers[0].code,
    )


def _known(id: str, region: str, book: PriceBook) -> Rate | None:
    """Return what the book has in place of a rate; for a savings plan, at least the list price."""
    _, _, discounted = id.removeprefix("savings.").partition(".")
    keys = ((id, region), (id, "*"), (discounted, region))
    return next((book.rates[key] for key in keys if key in book.rates), None)
