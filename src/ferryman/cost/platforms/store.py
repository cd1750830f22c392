"""Data stores, which cost the same on every platform.

A store moves no crossover, but it makes the saving of one a smaller share of the bill. A store
does not know the platform that it is billed with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import SizedPlatform
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("Metered", "Node", "Store", "WithStores", "parse_store", "with_stores")

RDS_LEAST_GB = Decimal(20)
"""The smallest gp3 volume that RDS offers for PostgreSQL (Amazon RDS User Guide)."""

PROXY_LEAST_VCPUS = Decimal(2)
"""AWS bills RDS Proxy for the vCPUs of the database, and for at least two."""


class Store(Protocol):
    """A data store of the application."""

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield everything that the store bills.

        Raises:
            ConfigError: A price is missing in the region.
        """


_NAMES = {"rds": "RDS", "elasticache": "ElastiCache"}


@dataclass(frozen=True, slots=True)
class Node:
    """Servers of RDS or ElastiCache that run all month.

    Args:
        service: ``rds`` or ``elasticache``.
        type: Such as ``db.t4g.micro``.
        gigabytes: The volume of each server, GB; 0 for ElastiCache.
        zones: The number of zones, with a server in each. RDS in two zones (Multi-AZ) has its
            own prices. If the book lacks one, twice the price in one zone applies, as it does
            for the volume (https://aws.amazon.com/rds/postgresql/pricing/).
    """

    service: str
    type: str
    gigabytes: Decimal = Decimal(0)
    zones: int = 1

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield the hours and the volumes."""
        name = _NAMES[self.service]
        both = book.rates.get((f"{self.service}-multi-az.{self.type}", region))
        pair = both if self.zones == 2 else None
        count = 1 if pair else self.zones
        rate = pair or book.rate(f"{self.service}.{self.type}", region)
        yield Charge(
            f"{name} {self.type}{', Multi-AZ' if pair else ''}",
            Usage(fixed=count * MONTH_HOURS),
            rate,
            f"{count} x {MONTH_HOURS} h",
        )
        if self.gigabytes:
            rate = book.rate(f"{self.service}.gp3", region)
            usage = Usage(fixed=self.zones * self.gigabytes)
            formula = f"{self.zones} x {plain(self.gigabytes)} GB"
            yield Charge(f"{name} storage", usage, rate, formula)


@dataclass(frozen=True, slots=True)
class Metered:
    """A store that is billed by its use and by the data that it holds.

    Args:
        parts: The billed items: a label, the rate, units a month and units per request.
    """

    parts: tuple[tuple[str, str, Decimal, Decimal], ...]

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield a charge for each part that is used."""
        for item, rate, fixed, each in self.parts:
            if fixed or each:
                formula = f"requests x {plain(each)}" if each else plain(fixed)
                price = book.rate(rate, region)
                if price.unit.endswith("-hour"):
                    formula = f"{plain(fixed / MONTH_HOURS)} x {MONTH_HOURS} h"
                yield Charge(item, Usage(fixed=fixed, per_request=each), price, formula)


_ALL_MONTH = Decimal(MONTH_HOURS)

_METERED: Mapping[str, tuple[tuple[str, str, Decimal, Decimal, str], ...]] = {
    "dynamodb": (
        ("DynamoDB reads", "dynamodb.read", Decimal(0), Decimal(1), "1"),
        ("DynamoDB writes", "dynamodb.write", Decimal(0), Decimal(1), "1"),
        ("DynamoDB storage", "dynamodb.storage", Decimal(1), Decimal(0), "0"),
    ),
    "aurora-serverless": (
        ("Aurora capacity", "aurora.acu", _ALL_MONTH, Decimal(0), "0.5"),
        ("Aurora storage", "aurora.storage", Decimal(1), Decimal(0), "1"),
        ("Aurora I/O", "aurora.io", Decimal(0), Decimal(1), "1"),
    ),
    "rds-proxy": (("RDS Proxy", "rds.proxy", _ALL_MONTH, Decimal(0), "2"),),
    "upstash": (
        ("Upstash commands", "upstash.command", Decimal(0), Decimal(1), "1"),
        ("Upstash storage", "upstash.storage", Decimal(1), Decimal(0), "0"),
    ),
}
"""The billed items of each store. An item belongs to a number behind the store's name: its label,
its rate, the units a month and per request that the number is multiplied by, and its default."""


def parse_store(text: str) -> Store:
    """Return the store that a text such as ``rds:db.t4g.micro`` names.

    Args:
        text: ``rds:TYPE``, ``rds:TYPE/GB``, the same with ``rds-multi-az``, ``elasticache:TYPE``,
            ``dynamodb:READS/WRITES/GB`` for each request, ``upstash:COMMANDS/GB``,
            ``aurora-serverless:ACUS/GB/IOS`` or ``rds-proxy:VCPUS``. The last numbers may be left
            out.

    Raises:
        ConfigError: The text names no store.
    """
    service, _, rest = text.partition(":")
    parts = rest.split("/") if rest else []
    known = _METERED.get(service, ())
    try:
        if known and len(parts) <= len(known):
            given = (*parts, *(part[4] for part in known[len(parts) :]))
            least = PROXY_LEAST_VCPUS if service == "rds-proxy" else Decimal(0)
            pairs = zip(known, (max(least, _number(number)) for number in given), strict=True)
            return Metered(tuple((w, rate, a * x, b * x) for (w, rate, a, b, _), x in pairs))
        if service == "elasticache" and len(parts) == 1:
            return Node(service, parts[0])
        if service in _RDS_ZONES and parts and parts[0] and len(parts) <= 2:
            size = max(RDS_LEAST_GB, _number(parts[1] if parts[1:] else "0"))
            return Node("rds", parts[0], size, _RDS_ZONES[service])
    except InvalidOperation:
        pass
    raise ConfigError(
        f"--store: {text!r} is not a store",
        hint="write rds:db.t4g.micro, rds:db.t4g.micro/50 for 50 GB, rds-multi-az:db.t4g.micro/50,"
        " elasticache:t4g.micro, rds-proxy:2 for 2 vCPUs, dynamodb:2/0.5/100 for 2 reads and 0.5"
        " writes per request and 100 GB, upstash:3/1 for 3 commands per request and 1 GB, or"
        " aurora-serverless:0.5/10/2 for 0.5 ACUs on average, 10 GB and 2 I/Os per request",
    )


_RDS_ZONES = {"rds": 1, "rds-multi-az": 2}


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or not 0 <= number <= 10**6:
        raise InvalidOperation
    return number


@dataclass(frozen=True, slots=True)
class WithStores:
    """A platform with the stores of the application on its bill.

    Args:
        platform: The platform.
        stores: The stores.
        region: The AWS region of the stores.
    """

    platform: Platform
    stores: tuple[Store, ...]
    region: str

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.platform.name

    @property
    def pays_per_request(self) -> bool:
        """The platform's own value: the stores cost the same on every platform."""
        return self.platform.pays_per_request

    @property
    def highly_available(self) -> bool:
        """The platform's own value; a note says if a store is in one zone."""
        return self.platform.highly_available

    @property
    def assumptions(self) -> str:
        """The platform's assumptions."""
        return self.platform.assumptions

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the platform's servers."""
        return self.platform.fleet(book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the platform's charges, then those of the stores."""
        yield from self.platform.charges(inputs, book)
        for store in self.stores:
            yield from store.charges(book, self.region)

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what one server of the platform costs by itself."""
        if hasattr(self.platform, "server_charges"):
            yield from self.platform.server_charges(inputs, book)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield the platform's notes, and a note on a store in one zone."""
        yield from self.platform.notes(workload)
        if any(isinstance(store, Node) and store.zones == 1 for store in self.stores):
            yield "the data store runs in one zone and fails with that zone"


def with_stores(platform: Platform, stores: tuple[Store, ...], region: str) -> Platform:
    """Return a platform with stores on its bill, in each of its sizes."""
    if isinstance(platform, Hybrid):
        return replace(platform, servers=with_stores(platform.servers, stores, region))
    if isinstance(platform, SizedPlatform):
        sizes = {name: WithStores(size, stores, region) for name, size in platform.sizes.items()}
        return SizedPlatform(platform.name, sizes)
    return WithStores(platform, stores, region)
