"""Reading AWS's bulk price lists, which are public and need no credentials.

Each list is a CSV that is read line by line as it arrives: five lines about itself, a header,
then rows. A list that ends early, is not the one that was asked for or says something that
cannot be is refused as a whole.
"""

from __future__ import annotations

import csv
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import PriceBook, Rate, Tier, load_book
from ferryman.cost.prices.offers import OFFERS, rate_id
from ferryman.cost.prices.overlay import write_overlay

__all__ = ("OFFERS", "drift", "fetch_rates", "read_offer", "write_overlay")

TIMEOUT = 60.0

ABSURD = Decimal(4)
"""A price that is so many times the book's, or a part of it as small, is not believed."""

METADATA_LINES = 5


@dataclass(frozen=True, slots=True)
class _Entry:
    start: Decimal
    end: Decimal | None
    price: Decimal
    unit: str
    code: str


def fetch_rates(
    base: str, region: str, offers: Iterable[str] = (), say: Callable[[str], None] = print
) -> tuple[Rate, ...]:
    """Return the rates of the book in one region as AWS's lists have them.

    Args:
        base: The address before ``/offers``.
        region: An AWS region.
        offers: Names of lists, each with ``@VERSION`` to pin it; by default all, as they
            are today.
        say: Called with what is being read.

    Raises:
        ConfigError: A list cannot be had or cannot be believed.
    """
    found: list[Rate] = []
    for wanted in tuple(offers) or OFFERS:
        offer, _, version = wanted.partition("@")
        if offer not in OFFERS:
            raise ConfigError(f"there is no price list {offer!r}", hint=f"{', '.join(OFFERS)}")
        path = _path(base, offer, version, region)
        say(f"reading {base}{path}")
        with closing(_lines(base + path)) as lines:
            found += read_offer(lines, offer, version, region, base + path)
    return tuple(found)


def drift(book: PriceBook, fresh: Iterable[Rate]) -> list[tuple[Rate | None, Rate]]:
    """Return the fresh rates that the book has otherwise, each behind the book's own."""
    changed = []
    for rate in fresh:
        old = book.rates.get((rate.id, rate.region)) or book.rates.get((rate.id, "*"))
        if old is None or old.tiers != rate.tiers:
            changed.append((old, rate))
    return changed


def _path(base: str, offer: str, version: str, region: str) -> str:
    """Return the path of a list, looked up in the list's index unless it is pinned."""
    if version:
        return f"/offers/v1.0/aws/{offer}/{version}/{region}/index.csv"
    address = f"{base}/offers/v1.0/aws/{offer}/current/region_index.json"
    try:
        index: Any = json.loads("\n".join(_lines(address)))
        regions: dict[str, dict[str, str]] = index["regions"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{address} is no index of regions", cause=str(error)) from error
    if region not in regions:
        raise ConfigError(
            f"{offer} has no prices for {region!r}", hint=f"it has {', '.join(sorted(regions))}"
        )
    path = regions[region].get("currentVersionUrl", "")
    if not path.startswith("/") or not path.endswith(".json"):
        raise ConfigError(f"{address} has no address for {region}")
    return f"{path.removesuffix('.json')}.csv"


def _lines(address: str) -> Generator[str, None, None]:
    """Yield the lines of a page as they arrive.

    Raises:
        ConfigError: The page cannot be had, or ends before it should.
    """
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"{address} is no web address")
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as page:  # noqa: S310
            announced, read = page.headers.get("Content-Length"), 0
            for line in page:
                read += len(line)
                yield line.decode("utf-8").rstrip("\r\n")
            if announced and read != int(announced):
                raise ConfigError(
                    f"{address} ends early", cause=f"{read:,} of {int(announced):,} bytes came"
                )
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigError(f"{address} cannot be read", cause=str(error)) from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise ConfigError(f"{address} cannot be read", cause=str(error)) from error


def read_offer(
    lines: Iterable[str], offer: str, version: str, region: str, source: str
) -> tuple[Rate, ...]:
    """Return the rates that a price list has.

    Args:
        lines: The list, as CSV.
        offer: What it must be a list of.
        version: The version that it must be; empty for any.
        region: An AWS region.
        source: Where it comes from.

    Raises:
        ConfigError: It is another list, is cut short, or has rows that cannot be.
    """
    rows = csv.reader(iter(lines))
    about = dict(row[:2] for row in _take(rows, METADATA_LINES, source))
    if about.get("OfferCode") != offer or (version and about.get("Version") != version):
        raise ConfigError(
            f"{source} is not what was asked for",
            cause=f"it says {about.get('OfferCode')} {about.get('Version')}",
        )
    header = next(iter(_take(rows, 1, source)))
    entries: dict[str, list[_Entry]] = {}
    book = load_book()
    for number, row in enumerate(rows, METADATA_LINES + 2):
        if len(row) != len(header):
            raise ConfigError(f"{source} is cut short or damaged in line {number}")
        named = dict(zip(header, row, strict=True))
        id = rate_id(offer, named, book.instances)
        if id and named.get("Region Code", region) in (region, ""):
            entries.setdefault(id, []).append(_entry(named, f"{source}, line {number}"))
    if not entries:
        raise ConfigError(f"{source} has none of the rates that are looked for")
    seen = about.get("Publication Date", "")[:10]
    return tuple(_rate(id, found, region, source, seen, book) for id, found in entries.items())


def _take(rows: Iterator[list[str]], count: int, source: str) -> list[list[str]]:
    taken = [row for _, row in zip(range(count), rows, strict=False) if len(row) > 1]
    if len(taken) < count:
        raise ConfigError(f"{source} is no price list", hint="its first lines are missing")
    return taken


def _entry(row: dict[str, str], where: str) -> _Entry:
    currency = row.get("Currency")
    if currency != "USD":
        raise ConfigError(
            f"{where} is in {currency or 'no currency'}, not in USD",
            hint="only the price lists in USD can be read",
        )
    code = row.get("RateCode", "")
    if not code.startswith(f"{row.get('SKU')}.{row.get('OfferTermCode')}."):
        raise ConfigError(f"{where} has a rate code that does not belong to it: {code!r}")
    end = row.get("EndingRange", "Inf")
    try:
        price = Decimal(row["PricePerUnit"])
        last = None if end in ("", "Inf") else Decimal(end)
        start = Decimal(row.get("StartingRange") or 0)
    except (KeyError, InvalidOperation) as error:
        raise ConfigError(f"{where} has no price", cause=repr(error)) from None
    if not price.is_finite() or price < 0:
        raise ConfigError(f"{where} has a price of {price}")
    return _Entry(start, last, price, row.get("Unit", ""), code)


def _rate(
    id: str, entries: list[_Entry], region: str, source: str, seen: str, book: PriceBook
) -> Rate:
    tiers = sorted(entries, key=lambda entry: entry.start)
    gap = any(one.end != two.start for one, two in pairwise(tiers))
    if tiers[0].start or tiers[-1].end is not None or gap:
        raise ConfigError(
            f"{source}: the tiers of {id} do not follow one another",
            cause=", ".join(f"{t.start} to {t.end or 'the end'}" for t in tiers),
        )
    old = book.rates.get((id, region)) or book.rates.get((id, "*"))
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
