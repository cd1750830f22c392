"""A platform with several server sizes, which is billed in its cheapest size at each volume.

Each size is a platform of its own. A size that another beats at every volume is left out before
it is priced. The envelope of the other sizes' curves gives the cheapest size at each volume
exactly.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Charge
from ferryman.cost.envelope import CostCurve, Envelope
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform, Priced, bill_beyond, price_one
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Inputs, Workload

__all__ = (
    "AnyPriced",
    "PricedSizes",
    "Size",
    "SizedPlatform",
    "admissible_sizes",
    "bill",
    "curve",
    "price",
    "size_at",
)


class Size(Platform, Protocol):
    """One size of a platform that has several."""

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what one server costs by itself, which differs from size to size."""


@dataclass(frozen=True)
class SizedPlatform:
    """Servers in the cheapest of several sizes.

    Args:
        name: The name in tables, without the size.
        sizes: The sizes by their names in tables.
    """

    name: str
    sizes: Mapping[str, Size]

    @property
    def first(self) -> Size:
        """The first size, for what all sizes have in common."""
        return next(iter(self.sizes.values()))

    @property
    def pays_per_request(self) -> bool:
        """The same for every size."""
        return self.first.pays_per_request

    @property
    def highly_available(self) -> bool:
        """The same for every size."""
        return self.first.highly_available

    @property
    def assumptions(self) -> str:
        """What every size assumes, and how many sizes there are."""
        return f"{self.first.assumptions}, the cheapest of {len(self.sizes)} sizes"

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the servers of the first size; `size_at` returns the size at a volume."""
        return self.first.fleet(book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the charges of the first size; `size_at` returns the size at a volume."""
        return self.first.charges(inputs, book)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield the notes of the first size."""
        return self.first.notes(workload)


@dataclass(frozen=True)
class PricedSizes:
    """The sizes with their charges for one workload, at any volume.

    Args:
        platform: The platform.
        sizes: The sizes that can be the cheapest, by name.
    """

    platform: SizedPlatform
    sizes: Mapping[str, Priced]

    def at(self, requests: Decimal) -> tuple[str, Priced]:
        """Return the name of the cheapest size at a volume, and the size.

        If no size carries that volume, return the one that carries most.
        """
        names = list(self.sizes)
        end = self._envelope.end
        if end is not None and requests > end:
            most = max(names, key=lambda name: _end(self.sizes[name]) or Fraction(0))
            return most, self.sizes[most]
        name = names[self._envelope.lowest(requests)]
        return name, self.sizes[name]

    def size_of(self, requests: Decimal) -> str:
        """Return the name of the cheapest size at a volume."""
        return self.at(requests)[0]

    def bill(self, requests: Decimal) -> Bill:
        """Return the bill of a month with so many requests, in the cheapest size."""
        if self.limit is not None and requests > self.limit:
            return bill_beyond(self.platform, requests, self.limit)
        name, priced = self.at(requests)
        return replace(priced.bill(requests), platform=self.platform.name, size=name)

    @cached_property
    def limit(self) -> Fraction | None:
        """The most requests a month that any size carries; ``None`` for no limit."""
        limits = [priced.limit for priced in self.sizes.values()]
        return None if None in limits else max(limit for limit in limits if limit is not None)

    @property
    def reach(self) -> Fraction | None:
        """The requests a month above which every size would have too many servers to count."""
        reaches = [priced.reach for priced in self.sizes.values()]
        return None if None in reaches else max(x for x in reaches if x is not None)

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers in the busy hour, of the cheapest size."""
        return self.at(requests)[1].servers(requests)

    def curve(self, _: Decimal) -> Envelope:
        """Return USD a month by requests a month, exactly."""
        return self._envelope

    @cached_property
    def _envelope(self) -> Envelope:
        return Envelope([_curve(priced) for priced in self.sizes.values()])


class AnyPriced(Protocol):
    """A platform with its charges for one workload, at any volume."""

    @property
    def platform(self) -> Platform:
        """The platform."""

    @property
    def limit(self) -> Fraction | None:
        """The most requests a month that the platform carries; ``None`` for no limit."""

    @property
    def reach(self) -> Fraction | None:
        """The requests a month above which there would be too many servers to count."""

    def bill(self, requests: Decimal) -> Bill:
        """Return the bill of a month with so many requests."""

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers in the busy hour; ``None`` if there are none to count."""

    def size_of(self, requests: Decimal) -> str:
        """Return the size of those servers; empty if the platform has one size."""

    def curve(self, horizon: Decimal) -> CostCurve:
        """Return USD a month by requests a month."""


def _end(priced: Priced) -> Fraction | None:
    """Return the most requests that a size carries, or that servers can be counted for."""
    ends = [end for end in (priced.limit, priced.reach) if end is not None]
    return min(ends, default=None)


def _curve(priced: Priced) -> SteppedCurve:
    end = _end(priced)
    curve = priced.curve(Decimal(1))
    return SteppedCurve(curve.smooth, curve.stairs.stairs, end, curve.surplus)


def price(platform: Platform, workload: Workload, book: PriceBook) -> AnyPriced:
    """Return the platform with its charges, in every size that can be the cheapest.

    Raises:
        ConfigError: A price is missing, or the workload fits no size.
        NotSoldError: The provider does not sell what the user chose.
    """
    # One comparison prices a platform to see whether it is sold, to compare it and to draw it.
    priced = _recall(platform, workload, book)
    if priced is None:
        priced = _price(platform, workload, book)
        _recent.append((platform, workload.of_any_volume, book, priced))
    return priced


def _recall(platform: Platform, workload: Workload, book: PriceBook) -> AnyPriced | None:
    wanted = workload.of_any_volume
    for servers, work, prices, priced in tuple(_recent):
        if servers is platform and prices is book and work == wanted:
            return priced
    return None


_recent: deque[tuple[Platform, Workload, PriceBook, AnyPriced]] = deque(maxlen=48)


def _price(platform: Platform, workload: Workload, book: PriceBook) -> AnyPriced:
    from ferryman.cost.hybrid.overflowing import Hybrid, price_hybrid

    if isinstance(platform, Hybrid):
        return price_hybrid(platform, workload, book)
    if not isinstance(platform, SizedPlatform):
        return price_one(platform, workload, book)
    sizes = admissible_sizes(platform, workload.inputs, book)
    return PricedSizes(
        platform, {name: price_one(size, workload, book) for name, size in sizes.items()}
    )


def size_at(platform: Platform, workload: Workload, book: PriceBook) -> Platform:
    """Return the platform in the cheapest size for a workload."""
    from ferryman.cost.hybrid.overflowing import Hybrid

    priced = price(platform, workload, book)
    servers = platform.servers if isinstance(platform, Hybrid) else platform
    if isinstance(servers, SizedPlatform):
        return servers.sizes[priced.size_of(workload.requests)]
    return servers


FLOAT = 1e-12
"""The largest relative error of a float; prices and loads that differ do so by far more."""


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a size costs and carries.

    Args:
        name: The name of the size.
        idle_usd: USD a month for an idle server.
        full_usd: USD a month for a full server.
        carries: Requests a month that one server carries.
        credits: USD a month of CPU credits that a server brings.
    """

    name: str
    idle_usd: float
    full_usd: float
    carries: float
    credits: float

    @property
    def is_worth_adding_idle(self) -> bool:
        """Whether the credits of a server that is not needed lower the bill.

        The bill, and not the load, would have to decide how many such servers there are.
        """
        return self.credits > self.idle_usd

    def beats(self, other: _Worth) -> bool:
        """Return whether servers of this size cost no more than those of another, at any volume.

        They do if the servers that cost no more than one of the other size carry as much.
        """
        count = math.floor(other.idle_usd / self.full_usd * (1 + FLOAT)) if self.full_usd else 0
        return count >= 1 and count * self.carries >= other.carries * (1 - FLOAT)


def admissible_sizes(
    platform: SizedPlatform, inputs: Inputs, book: PriceBook
) -> dict[str, Platform]:
    """Return the sizes that the workload fits and that no other size beats at every volume.

    Raises:
        ConfigError: The workload fits no size; this is the error of the last size.
    """
    worth: list[_Worth] = []
    failed: ConfigError | None = None
    for name, size in platform.sizes.items():
        try:
            worth.append(_worth(name, size, inputs, book))
        except ConfigError as error:
            failed = error
    if not worth:
        assert failed is not None
        raise failed
    counted = [size for size in worth if not size.is_worth_adding_idle] or worth
    kept: list[_Worth] = []
    for candidate in sorted(counted, key=lambda size: (size.idle_usd, -size.carries)):
        if not any(other.beats(candidate) for other in kept):
            kept.append(candidate)
    names = {size.name for size in kept}
    return {name: size for name, size in platform.sizes.items() if name in names}


def _worth(name: str, size: Size, inputs: Inputs, book: PriceBook) -> _Worth:
    fleet = size.fleet(book)
    assert fleet is not None
    share = fleet.share(inputs)
    carries = 1 / float(share) if share else 1e30
    idle_usd = full_usd = earned = 0.0
    for charge in size.server_charges(inputs, book):
        usd = float(charge.rate.value) * float(charge.usage.per_server)
        if charge.is_surplus:
            # The load of the busy hour, all month: no server is ever billed for more.
            work = float(charge.rate.value) * float(charge.usage.per_request) * carries
            full_usd += max(0.0, work + usd)
            earned -= usd
        else:
            idle_usd += usd
            full_usd += usd
    return _Worth(name, idle_usd, full_usd, carries, earned)


def bill(platform: Platform, workload: Workload, book: PriceBook) -> Bill:
    """Return the bill of a month of the workload.

    Raises:
        ConfigError: As `price` does.
    """
    from ferryman.cost.hybrid.overflowing import Hybrid, price_hybrid

    requests = workload.requests
    if isinstance(platform, Hybrid) and _recall(platform, workload, book) is None:
        return price_hybrid(platform, workload, book, float(requests)).bill(requests)
    return price(platform, workload, book).bill(requests)


def curve(platform: Platform, workload: Workload, book: PriceBook, horizon: Decimal) -> CostCurve:
    """Return USD a month by requests a month, up to ``horizon``.

    Raises:
        ConfigError: As `price` does.
    """
    return price(platform, workload, book).curve(horizon)
