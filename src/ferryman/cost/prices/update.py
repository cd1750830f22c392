"""Reading AWS's bulk price lists into rates of the book.

Each list is read row by row as it arrives. One that ends early, is not the one that was asked for
or says something that cannot be is refused as a whole, and the others are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import pairwise
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import InstanceType, PriceBook, Rate, Tier, load_book, suggest
from ferryman.cost.prices.download import lines_of, path_of
from ferryman.cost.prices.instance_types import learned_type
from ferryman.cost.prices.lists import PriceList, csv_list, local_lists
from ferryman.cost.prices.offers import CLOUDFRONT, OFFERS, Row, rate_id
from ferryman.cost.prices.overlay import write_overlay
from ferryman.cost.prices.savings import SAVINGS, savings_id

__all__ = (
    "LISTS",
    "Fetched",
    "drift",
    "fetch",
    "fetch_rates",
    "parse_list",
    "read_list",
    "unread",
    "write_overlay",
)

LISTS = (*OFFERS[:-1], SAVINGS, OFFERS[-1])
"""Every list that is read, the long one last."""

ABSURD = Decimal(4)
"""A price that is so many times the book's, or a part of it as small, is not believed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    start: Decimal
    end: Decimal | None
    price: Decimal
    unit: str
    code: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What lists say.

    Args:
        rates: The rates of the book that they have.
        instances: Instance types that the book does not have.
        failed: Why a list could not be had or believed, by its name.
    """

    rates: tuple[Rate, ...] = ()
    instances: tuple[InstanceType, ...] = ()
    failed: Mapping[str, ConfigError] = field(default_factory=dict)


def fetch(
    base: str, region: str, lists: Iterable[str] = (), say: Callable[[str], None] = print
) -> Fetched:
    """Return what AWS's lists say of one region: each list by itself, whatever another is.

    Args:
        base: The address before ``/offers`` and ``/savingsPlan``, or a file or folder of lists.
        region: An AWS region.
        lists: Names of lists, each with ``@VERSION`` to pin it; by default all that there are,
            as they are today.
        say: Called with what is being read.

    Raises:
        ConfigError: There is no such list.
    """
    wanted = [parse_list(text) for text in lists]
    found = Fetched()
    for name, read in _lists(base, region, wanted, say):
        try:
            found = _with(found, *read())
        except ConfigError as error:
            found = replace(found, failed={**found.failed, name: error})
    return found


def fetch_rates(
    base: str, region: str, lists: Iterable[str] = (), say: Callable[[str], None] = print
) -> tuple[Rate, ...]:
    """Return the rates of the book in one region as AWS's lists have them, all or none.

    Raises:
        ConfigError: A list cannot be had or cannot be believed.
    """
    found = fetch(base, region, lists, say)
    for error in found.failed.values():
        raise error
    return found.rates


def parse_list(text: str) -> tuple[str, str]:
    """Return the name of a list and its version, empty for the one of today.

    Raises:
        ConfigError: There is no such list.
    """
    name, _, version = text.partition("@")
    if name not in LISTS:
        raise ConfigError(
            f"there is no price list {name!r}", hint=suggest(name, LISTS, "there are")
        )
    return name, version


def _with(found: Fetched, rates: tuple[Rate, ...], instances: tuple[InstanceType, ...]) -> Fetched:
    return replace(found, rates=(*found.rates, *rates), instances=(*found.instances, *instances))


Reading = Callable[[], tuple[tuple[Rate, ...], tuple[InstanceType, ...]]]


def _lists(
    base: str, region: str, wanted: list[tuple[str, str]], say: Callable[[str], None]
) -> Iterator[tuple[str, Reading]]:
    """Yield each list's name, and what reads it."""
    if "://" in base:
        for name, version in wanted or [(name, "") for name in LISTS]:
            yield name, partial(_download, base, name, version, region, say)
        return
    if not Path(base).exists():
        raise ConfigError(
            f"there is no file or folder {base}", hint="give one, or an address with https://"
        )
    versions, found = dict(wanted), False
    for each in local_lists(Path(base)):
        if each.name in (versions or LISTS):
            found = True
            say(f"reading {each.source}")
            yield each.name, partial(read_list, each, versions.get(each.name, ""), region)
    if not found:
        raise ConfigError(
            f"{base} holds none of the price lists",
            hint=f"there are {', '.join(versions or LISTS)}, each as AWS's index.csv or index.json",
        )


def _download(
    base: str, name: str, version: str, region: str, say: Callable[[str], None]
) -> tuple[tuple[Rate, ...], tuple[InstanceType, ...]]:
    path = path_of(base, name, version, region)
    say(f"reading {base}{path}")
    with closing(lines_of(base + path)) as lines:
        found = csv_list(lines, base + path)
        if found.name != name:
            raise _another(found)
        return read_list(found, version, region)


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
    found: PriceList, version: str, region: str
) -> tuple[tuple[Rate, ...], tuple[InstanceType, ...]]:
    """Return the rates of a price list, and instance types that the book does not have.

    Args:
        found: The list.
        version: The version that it must be; empty for any.
        region: An AWS region.

    Raises:
        ConfigError: It is another version, is cut short, or has rows that cannot be.
    """
    if version and found.version != version:
        raise _another(found)
    book, source = load_book(), found.source
    entries: dict[str, dict[_Entry, None]] = {}
    learned: dict[str, InstanceType] = {}
    for where, row in found.rows:
        if found.name == "AmazonEC2" and (shape := learned_type(row, book.instances)):
            learned[shape.name] = shape
        if id := _id(found.name, row, region, book, learned):
            # The same price twice, for two operations, is one price.
            entries.setdefault(id, {})[_entry(row, where)] = None
    if not entries:
        raise ConfigError(
            f"{source} has none of the rates that are looked for in {region}",
            hint="is it the list of another region?",
        )
    tiers = {id: sorted(told, key=lambda entry: entry.start) for id, told in entries.items()}
    known = {id for id, _ in book.rates}
    # A type that the book does not have, and whose rows contradict one another, is left out.
    wanted = {id: told for id, told in tiers.items() if id in known or _follow(told)}
    rates = tuple(_rate(id, told, region, source, found.date, book) for id, told in wanted.items())
    priced = {rate.id for rate in rates}
    return rates, tuple(x for x in learned.values() if f"ec2.{x.name}" in priced)


def _another(found: PriceList) -> ConfigError:
    return ConfigError(
        f"{found.source} is not what was asked for", cause=f"it says {found.name} {found.version}"
    )


def _id(
    name: str, row: Row, region: str, book: PriceBook, learned: Mapping[str, InstanceType]
) -> str | None:
    types = {**book.instances, **learned} if learned else book.instances
    if name == SAVINGS:
        return savings_id(row, region, types)
    if name != CLOUDFRONT and row.get("regioncode", region) not in (region, ""):
        return None
    return rate_id(name, row, region, types)


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
