"""Reads AWS's bulk price lists into rates of the book.

It reads each list row by row as it arrives. It refuses a list that is truncated, is not the
requested one or has impossible values, and keeps the rates of the other lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import pairwise
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import InstanceType, PriceBook, Rate, Tier, load_book, suggest
from ferryman.cost.prices.download import lines_of, path_of
from ferryman.cost.prices.lists import PriceList, csv_list, local_lists
from ferryman.cost.prices.offers import LISTS, learned_type, rate_id
from ferryman.cost.prices.overlay import write_overlay

__all__ = (
    "Fetched",
    "drift",
    "fetch",
    "fetch_rates",
    "parse_list",
    "read_list",
    "unread",
    "write_overlay",
)

ABSURD = Decimal(4)
"""A price above this multiple of the book's, or below the same fraction of it, is refused."""


@dataclass(frozen=True, slots=True)
class _Entry:
    start: Decimal
    end: Decimal | None
    price: Decimal
    unit: str
    code: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read from lists.

    Args:
        rates: The rates.
        instances: Instance types that the book does not have.
        failed: The errors of the refused lists, by the name of the list.
    """

    rates: tuple[Rate, ...] = ()
    instances: tuple[InstanceType, ...] = ()
    failed: Mapping[str, ConfigError] = field(default_factory=dict)


def fetch(
    base: str, region: str, lists: Iterable[str] = (), say: Callable[[str], None] = print
) -> Fetched:
    """Return the rates of one region from AWS's lists. An error in one list affects no other.

    Args:
        base: The address before ``/offers`` and ``/savingsPlan``, or a file or folder of lists.
        region: An AWS region.
        lists: Names of lists, each with ``@VERSION`` to pin it; by default all lists in their
            current versions.
        say: Called with a message before each list is read.

    Raises:
        ConfigError: There is no such list.
    """
    wanted = [parse_list(text) for text in lists]
    rates: list[Rate] = []
    instances: list[InstanceType] = []
    failed: dict[str, ConfigError] = {}
    for name, read in _lists(base, region, wanted, say):
        try:
            fetched = read()
        except ConfigError as error:
            failed[name] = error
        else:
            rates += fetched.rates
            instances += fetched.instances
    return Fetched(tuple(rates), tuple(instances), failed)


def fetch_rates(
    base: str, region: str, lists: Iterable[str] = (), say: Callable[[str], None] = print
) -> tuple[Rate, ...]:
    """Return the rates of one region from AWS's lists, if every list can be used.

    Raises:
        ConfigError: A list cannot be read, or is refused.
    """
    fetched = fetch(base, region, lists, say)
    for error in fetched.failed.values():
        raise error
    return fetched.rates


def parse_list(text: str) -> tuple[str, str]:
    """Return the name of a list and its version, which is empty for the current one.

    Raises:
        ConfigError: There is no such list.
    """
    name, _, version = text.partition("@")
    if name not in LISTS:
        raise ConfigError(
            f"there is no price list {name!r}", hint=suggest(name, LISTS, "there are")
        )
    return name, version


def _lists(
    base: str, region: str, wanted: list[tuple[str, str]], say: Callable[[str], None]
) -> Iterator[tuple[str, Callable[[], Fetched]]]:
    """Yield each list's name, and a function that reads it."""
    if "://" in base:
        for name, version in wanted or [(name, "") for name in LISTS]:
            yield name, partial(_download, base, name, version, region, say)
        return
    if not Path(base).exists():
        raise ConfigError(
            f"there is no file or folder {base}", hint="give one, or an address with https://"
        )
    versions, any_found = dict(wanted), False
    for price_list in local_lists(Path(base)):
        name = price_list.name
        if name in (versions or LISTS):
            any_found = True
            say(f"reading {price_list.source}")
            yield name, partial(read_list, price_list, versions.get(name, ""), region)
    if not any_found:
        raise ConfigError(
            f"{base} has none of the price lists",
            hint=f"the lists are {', '.join(versions or LISTS)}, as AWS's index.csv or index.json",
        )


def _download(
    base: str, name: str, version: str, region: str, say: Callable[[str], None]
) -> Fetched:
    path = path_of(base, name, version, region)
    say(f"reading {base}{path}")
    with closing(lines_of(base + path)) as lines:
        price_list = csv_list(lines, base + path)
        if price_list.name != name:
            raise _another(price_list)
        return read_list(price_list, version, region)


def drift(book: PriceBook, fresh: Iterable[Rate]) -> list[tuple[Rate | None, Rate]]:
    """Return the fresh rates that differ from the book's: pairs of the book's rate and it."""
    changed = []
    for rate in fresh:
        old = book.rates.get((rate.id, rate.region)) or book.rates.get((rate.id, "*"))
        if old is None or old.tiers != rate.tiers:
            changed.append((old, rate))
    return changed


def unread(book: PriceBook, fresh: Iterable[Rate], region: str) -> tuple[str, ...]:
    """Return the rates of a region that no list has, so that nothing could be compared."""
    read = {rate.id for rate in fresh}
    return tuple(id for id, place in book.rates if place == region and id not in read)


def read_list(price_list: PriceList, version: str, region: str) -> Fetched:
    """Return the rates of a price list, and instance types that the book does not have.

    Args:
        price_list: The list.
        version: The required version; empty for any.
        region: An AWS region.

    Raises:
        ConfigError: The list has another version, is truncated, or has impossible rows.
    """
    if version and price_list.version != version:
        raise _another(price_list)
    book, source, date = load_book(), price_list.source, price_list.date
    entries: dict[str, dict[_Entry, None]] = {}
    types = dict(book.instances)
    for where, row in price_list.rows:
        if price_list.name == "AmazonEC2" and (shape := learned_type(row, types)):
            types[shape.name] = shape
        if id := rate_id(price_list.name, row, region, types):
            # Two rows with the same price, for two operations, are one price.
            entries.setdefault(id, {})[_entry(row, where)] = None
    if not entries:
        raise ConfigError(
            f"{source} has no rate of the price book for {region}",
            hint="is it the list of another region?",
        )
    tiers = {id: sorted(rows, key=lambda entry: entry.start) for id, rows in entries.items()}
    known = {id for id, _ in book.rates}
    # If the rows of a type that the book does not have contradict each other, leave the type out.
    wanted = {id: rows for id, rows in tiers.items() if id in known or _follow(rows)}
    rates = tuple(_rate(id, rows, region, source, date, book) for id, rows in wanted.items())
    priced = {rate.id for rate in rates}
    learned = (shape for name, shape in types.items() if name not in book.instances)
    return Fetched(rates, tuple(shape for shape in learned if f"ec2.{shape.name}" in priced))


def _another(price_list: PriceList) -> ConfigError:
    return ConfigError(
        f"{price_list.source} is not the requested list",
        cause=f"it is {price_list.name} {price_list.version}",
    )


def _entry(row: Mapping[str, str], where: str) -> _Entry:
    currency = row.get("currency")
    if currency != "USD":
        raise ConfigError(
            f"{where} is in {currency or 'no currency'}, not in USD",
            hint="ferryman reads price lists in USD only",
        )
    code = row.get("ratecode", "")
    # A rate code begins with the SKU, then the code of the offer or the discounted SKU.
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
    """Return whether tiers cover every quantity from zero on, without gaps."""
    gap = any(one.end != two.start for one, two in pairwise(tiers))
    return not (tiers[0].start or tiers[-1].end is not None or gap)


def _rate(
    id: str, tiers: list[_Entry], region: str, source: str, seen: str, book: PriceBook
) -> Rate:
    if not _follow(tiers):
        raise ConfigError(
            f"{source}: the tiers of {id} have gaps or overlap",
            cause=", ".join(f"{t.start} to {t.end or 'the end'}" for t in tiers),
        )
    old = _known(id, region, book)
    price = tiers[0].price
    if old and not old.value / ABSURD <= price <= old.value * ABSURD:
        raise ConfigError(
            f"{source}: {id} at {price} USD cannot be right",
            cause=f"the price book has {old.value} USD, seen {old.seen}",
            hint="check the list by hand; ferryman writes none of its rates",
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
    """Return the book's rate to compare with; for an unknown savings plan, the list price."""
    _, _, discounted = id.removeprefix("savings.").partition(".")
    keys = ((id, region), (id, "*"), (discounted, region))
    return next((book.rates[key] for key in keys if key in book.rates), None)
