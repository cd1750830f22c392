"""Data stores, which cost the same on every platform: a floor under each of the bills.

They move no crossover, but they shrink what crossing over saves. A store knows its prices;
it does not know the platform that it is billed with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.figures import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("DynamoDB", "Node", "Store", "WithStores", "parse_store")

RDS_LEAST_GB = Decimal(20)
"""The smallest gp3 volume that RDS offers for PostgreSQL (Amazon RDS User Guide)."""


class Store(Protocol):
    """What keeps data for the application."""

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield everything that is billed.

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
        gigabytes: The volume of each, GB; none for ElastiCache.
        zones: In how many zones there is one. RDS in two zones (Multi-AZ) costs twice what it
            does in one, volume included (https://aws.amazon.com/rds/postgresql/pricing/).
    """

    service: str
    type: str
    gigabytes: Decimal = Decimal(0)
    zones: int = 1

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield the hours and the volumes."""
        name = _NAMES[self.service]
        yield Charge(
            f"{name} {self.type}",
            Usage(fixed=self.zones * MONTH_HOURS),
            book.rate(f"{self.service}.{self.type}", region),
            f"{self.zones} x {MONTH_HOURS} h",
        )
        if self.gigabytes:
            rate = book.rate(f"{self.service}.gp3", region)
            usage = Usage(fixed=self.zones * self.gigabytes)
            formula = f"{self.zones} x {plain(self.gigabytes)} GB"
            yield Charge(f"{name} storage", usage, rate, formula)


@dataclass(frozen=True, slots=True)
class DynamoDB:
    """DynamoDB on demand: nothing by the hour, and 25 GB kept for free.

    Args:
        reads: Read units for each request.
        writes: Write units for each request.
        gigabytes: What it keeps, GB.
    """

    reads: Decimal = Decimal(1)
    writes: Decimal = Decimal(1)
    gigabytes: Decimal = Decimal(0)

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield reads, writes and what is kept."""
        if self.gigabytes:
            rate = book.rate("dynamodb.storage", region)
            formula = f"{plain(self.gigabytes)} GB"
            yield Charge("DynamoDB storage", Usage(fixed=self.gigabytes), rate, formula)
        for verb, each in (("read", self.reads), ("write", self.writes)):
            yield Charge(
                f"DynamoDB {verb}s",
                Usage(per_request=each),
                book.rate(f"dynamodb.{verb}", region),
                f"requests x {plain(each)}",
            )


def parse_store(text: str) -> Store:
    """Return the store that a text such as ``rds:db.t4g.micro`` names.

    Args:
        text: ``rds:TYPE``, ``rds:TYPE/GB``, the same with ``rds-multi-az``,
            ``elasticache:TYPE``, ``dynamodb``, ``dynamodb:READS/WRITES`` for each request,
            or ``dynamodb:READS/WRITES/GB``.

    Raises:
        ConfigError: It names something else.
    """
    service, _, rest = text.partition(":")
    parts = rest.split("/") if rest else []
    try:
        if service == "dynamodb" and len(parts) <= 3:
            return DynamoDB(*map(_number, parts))
        if service == "elasticache" and len(parts) == 1:
            return Node(service, parts[0])
        if service in _RDS_ZONES and parts and parts[0] and len(parts) <= 2:
            size = max(RDS_LEAST_GB, _number(parts[1] if parts[1:] else "0"))
            return Node("rds", parts[0], size, _RDS_ZONES[service])
    except InvalidOperation:
        pass
    raise ConfigError(
        f"--store: {text!r} is no store",
        hint="write rds:db.t4g.micro, rds:db.t4g.micro/50 for 50 GB, rds-multi-az:db.t4g.micro/50,"
        " elasticache:t4g.micro, dynamodb, dynamodb:2/0.5 for reads and writes a request, or"
        " dynamodb:2/0.5/100 to keep 100 GB",
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
        """The platform's own."""
        return self.platform.name

    @property
    def pays_per_request(self) -> bool:
        """The platform's own; the stores cost the same on all."""
        return self.platform.pays_per_request

    @property
    def highly_available(self) -> bool:
        """The platform's own; a note says where a store stands in one zone."""
        return self.platform.highly_available

    @property
    def assumptions(self) -> str:
        """The platform's own."""
        return self.platform.assumptions

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the platform's servers."""
        return self.platform.fleet(book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the platform's charges, then those of the stores."""
        yield from self.platform.charges(inputs, book)
        for store in self.stores:
            yield from store.charges(book, self.region)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield the platform's notes, and that a store in one zone can fail with it."""
        yield from self.platform.notes(workload)
        if any(isinstance(store, Node) and store.zones == 1 for store in self.stores):
            yield "the data store is priced in one zone, and fails with it"
