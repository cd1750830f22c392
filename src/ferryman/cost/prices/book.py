"""Looks up prices: a rate by its name and region, an instance type by its name.

It reads the JSON files beside it once. It must not know platforms, nor which rates they need.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.curve import Curve, Number, tiered

__all__ = (
    "CONFIDENCE",
    "EVERYWHERE",
    "NEGOTIATED",
    "InstanceType",
    "MissingPriceError",
    "PriceBook",
    "Rate",
    "Tier",
    "is_flex",
    "load_book",
)

NEGOTIATED = "negotiated"

CONFIDENCE = ("list", "computed", "unverified", NEGOTIATED)
"""The reliability of a rate: read from a price list or page, computed from other rows, from a
single or indirect source, or set by hand."""

EVERYWHERE = "*"
"""The region of a rate that is the same in every region."""

_RATE_FILES = (
    "lambda",
    "api_gateway",
    "cloudfront",
    "load_balancer",
    "network",
    "logs",
    "fargate",
    "ec2",
    "storage",
    "kubernetes",
    "savings",
    "spot",
    "database",
)


class MissingPriceError(ConfigError):
    """The book has a rate in other regions, but not in the requested one."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that applies from a quantity on.

    Args:
        start: Units a month from which the price applies.
        price: USD per unit.
    """

    start: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of the book.

    Args:
        id: The name of the rate, such as ``lambda.requests.arm64``.
        region: The region in which the rate applies, or ``*`` for all.
        unit: The priced unit, such as ``GB-second``.
        tiers: At least one; the first starts at zero.
        source: Where the price comes from: an address or a named data set.
        seen: The date or the year in which the source said so.
        confidence: One of `CONFIDENCE`.
        code: The provider's rate code or SKU, if known.
        note: What else a reader should know.
    """

    id: str
    region: str
    unit: str
    tiers: tuple[Tier, ...]
    source: str
    seen: str
    confidence: str
    code: str = ""
    note: str = ""

    @property
    def value(self) -> Decimal:
        """The price of the first unit, in USD; for a free allowance, its size in units."""
        return self.tiers[0].price

    def tariff(self, allowance: Number = 0) -> Curve:
        """Return what a quantity costs in USD, with ``allowance`` units free of charge."""
        return _tariff(self.tiers, allowance)


@cache
def _tariff(tiers: tuple[Tier, ...], allowance: Number) -> Curve:
    return tiered([(tier.start, tier.price) for tier in tiers], allowance)


@dataclass(frozen=True, slots=True)
class InstanceType:
    """The shape of an EC2 instance.

    Args:
        name: Such as ``m7g.large``.
        vcpu: Virtual CPUs.
        memory_mib: Memory, MiB.
        architecture: ``arm64`` or ``x86_64``.
        baseline: For a burstable type, the part of each vCPU that it may always use; 1 for all
            others.
    """

    name: str
    vcpu: int
    memory_mib: int
    architecture: str
    baseline: Decimal = Decimal(1)

    @property
    def family(self) -> str:
        """The name up to the dot."""
        return self.name.partition(".")[0]

    @property
    def sustained(self) -> Decimal:
        """The part of each vCPU that may be used on average over a month, at any price."""
        return FLEX if is_flex(self.name) else Decimal(1)


FLEX = Decimal("0.4")
"""The part of a flex type's CPU that AWS always provides; it provides all of it 95 % of the time.
Source: the AWS CDK reference on m7i-flex, aws_ec2.InstanceClass."""


def is_flex(instance: str) -> bool:
    """Return whether an instance type is a flex type."""
    return "-flex." in instance


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Rates by id and region, and instance types by name.

    Args:
        rates: The rates that were read.
        instances: The shapes of instance types.
        derived: The rates computed so far, a cache.
    """

    rates: Mapping[tuple[str, str], Rate]
    instances: Mapping[str, InstanceType]
    derived: dict[tuple[str, str], Rate | None] = field(default_factory=dict, compare=False)

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions with at least one rate."""
        return _regions(tuple(self.rates))

    @property
    def date(self) -> str:
        """The date of the newest rate."""
        return max(rate.seen for rate in self.rates.values())

    def check_region(self, region: str) -> None:
        """Check that the book has rates of a region.

        Raises:
            ConfigError: It has none.
        """
        if region not in self.regions:
            raise ConfigError(
                f"no prices for the region {region!r}", hint=suggest(region, self.regions)
            )

    def rate(self, id: str, region: str) -> Rate:
        """Return the rate with this id in this region.

        Raises:
            ConfigError: The book does not have the region, or not the rate in any region.
            MissingPriceError: The book lacks the rate in this region; the error names the
                regions that have it.
        """
        if rate := self.find(id, region):
            return rate
        self.check_region(region)
        having = sorted(place for name, place in self.rates if name == id)
        if not having:
            family = f"{id.partition('.')[0]}."
            known = sorted({name for name, _ in self.rates if name.startswith(family)})
            raise ConfigError(f"no price for {id} in any region", hint=suggest(id, known))
        # What AWS calls us-east-1 is us-east1 for Google, and the book has both.
        alike = [name for name in having if name.replace("-", "") == region.replace("-", "")]
        meant = f"did you mean {alike[0]}? " if alike else ""
        raise MissingPriceError(
            f"no price for {id} in {region}",
            cause=f"the price book of {self.date} has it for {', '.join(having)}",
            hint=f"{meant}`ferryman cost prices update --region {region}` reads AWS's lists, and"
            " `ferryman cost prices set` adds a rate by hand; or choose one of these regions",
        )

    def find(self, id: str, region: str) -> Rate | None:
        """Return the rate, or one computed from another region's; ``None`` without either."""
        from ferryman.cost.prices.derived import derive

        rate = self.rates.get((id, region)) or self.rates.get((id, EVERYWHERE))
        if rate or region not in self.regions:
            return rate
        key = (id, region)
        if key not in self.derived:
            self.derived[key] = derive(id, region, self)
        return self.derived[key]

    def instance(self, name: str) -> InstanceType:
        """Return the shape of an instance type.

        Raises:
            ConfigError: The book does not have the type.
        """
        if name not in self.instances:
            raise ConfigError(
                f"no prices for the instance type {name!r}", hint=suggest(name, self.instances)
            )
        return self.instances[name]


@lru_cache(maxsize=8)
def _regions(keys: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(sorted({region for _, region in keys} - {EVERYWHERE}))


def suggest(name: str, known: Iterable[str], lead: str = "the price book has") -> str:
    """Return a hint with the most similar known name, if any, and then all names."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{meant}{lead} {', '.join(names)}"


@cache
def load_book() -> PriceBook:
    """Return the price book that ships with this version of ferryman."""
    rates = [rate for name in _RATE_FILES for rate in _read_rates(name)]
    return PriceBook(
        rates={(rate.id, rate.region): rate for rate in rates},
        instances={row["name"]: _instance(row) for row in _read("instances")["types"]},
    )


def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))


def _read_rates(name: str) -> Iterator[Rate]:
    for group in _read(name):
        shared = {key: value for key, value in group.items() if key != "rows"}
        for row in group["rows"]:
            yield from _rates({**shared, **row})


def _rates(row: dict[str, Any]) -> Iterator[Rate]:
    """Yield one rate per region from a row that already has its group's shared fields."""
    regions = row.pop("regions")
    tiers = row.pop("tiers", None) or [["0", row.pop("value")]]
    steps = tuple(Tier(Decimal(start), Decimal(price)) for start, price in tiers)
    for region in regions:
        yield Rate(region=region, tiers=steps, **row)


def _instance(row: dict[str, Any]) -> InstanceType:
    return InstanceType(**{**row, "baseline": Decimal(row.get("baseline", "1"))})
