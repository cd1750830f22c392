"""A platform with several sizes of server: at each volume the size counts that costs least.

Each size is a platform of its own. Sizes that another beats at every volume are left out before
they are priced; which of the rest is the cheapest is found exactly, by the envelope of their
curves.
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
from ferryman.cost.number_format import volume
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform, Priced, price_one
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
    """A platform of which there are several sizes."""

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield what each server costs by itself, which differs from size to size."""


@dataclass(frozen=True)
class SizedPlatform:
    """Servers of the size that costs least.

    Args:
        name: Its name in tables, without the size.
        sizes: The sizes by what tables call them.
    """

    name: str
    sizes: Mapping[str, Size]

    @property
    def first(self) -> Size:
        """The size that stands for what all have in common."""
        return next(iter(self.sizes.values()))

    @property
    def pays_per_request(self) -> bool:
        """As every size has it."""
        return self.first.pays_per_request

    @property
    def highly_available(self) -> bool:
        """As every size has it."""
        return self.first.highly_available

    @property
    def assumptions(self) -> str:
        """As every size has it, and of how many the cheapest is taken."""
        return f"{self.first.assumptions}, the cheapest of {len(self.sizes)} sizes"

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the servers of the first size; `size_at` has those of a volume."""
        return self.first.fleet(book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the charges of the first size; `size_at` has those of a volume."""
        return self.first.charges(inputs, book)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield what must be known of every size."""
        return self.first.notes(workload)


@dataclass(frozen=True)
class PricedSizes:
    """The sizes with their charges for one workload, at any volume.

    Args:
        platform: The platform.
        sizes: Those that are worth it, by name.
    """

    platform: SizedPlatform
    sizes: Mapping[str, Priced]

    def at(self, requests: Decimal) -> tuple[str, Priced]:
        """Return the size that costs least at a volume: its name, and the size.

        Where none carries so much, the one that carries most.
        """
        names = list(self.sizes)
        end = self._envelope.end
        if end is not None and requests > end:
            most = max(names, key=lambda name: _end(self.sizes[name]) or Fraction(0))
            return most, self.sizes[most]
        name = names[self._envelope.lowest(requests)]
        return name, self.sizes[name]

    def size_of(self, requests: Decimal) -> str:
        """Return the size that costs least at a volume."""
        return self.at(requests)[0]

    def bill(self, requests: Decimal) -> Bill:
        """Return what a month with so many requests costs on the size that costs least."""
        name, priced = self.at(requests)
        if self.limit is not None and requests > self.limit:
            note = f"it carries no more than {volume(self.limit)} requests a month"
            available = self.platform.highly_available
            return Bill(self.platform.name, requests, (), available, None, (note,), carried=False)
        return replace(priced.bill(requests), platform=self.platform.name, size=name)

    @cached_property
    def limit(self) -> Fraction | None:
        """The most requests a month that a size carries; ``None`` for no limit."""
        limits = [priced.limit for priced in self.sizes.values()]
        return None if None in limits else max(limit for limit in limits if limit is not None)

    @property
    def reach(self) -> Fraction | None:
        """The requests a month beyond which every size would have too many servers to count."""
        reaches = [priced.reach for priced in self.sizes.values()]
        return None if None in reaches else max(x for x in reaches if x is not None)

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers of the busy hour, of the size that costs least."""
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
        """The most requests a month that can be carried; ``None`` for no limit."""

    @property
    def reach(self) -> Fraction | None:
        """The requests a month beyond which there would be too many servers to count."""

    def bill(self, requests: Decimal) -> Bill:
        """Return what a month with so many requests costs."""

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers of the busy hour; ``None`` where there are none to count."""

    def size_of(self, requests: Decimal) -> str:
        """Return the size of those servers; empty where there is one."""

    def curve(self, horizon: Decimal) -> CostCurve:
        """Return USD a month by requests a month."""


def _end(priced: Priced) -> Fraction | None:
    """Return how far a size reaches: what it can carry, or as many servers as can be counted."""
    ends = [end for end in (priced.limit, priced.reach) if end is not None]
    return min(ends, default=None)


def _curve(priced: Priced) -> SteppedCurve:
    end = _end(priced)
    curve = priced.curve(Decimal(1))
    return SteppedCurve(curve.smooth, curve.stairs.stairs, end, curve.surplus)


def price(platform: Platform, workload: Workload, book: PriceBook) -> AnyPriced:
    """Return the platform with its charges, of all sizes that are worth it.

    Raises:
        ConfigError: A price is missing, or the workload fits no size.
        NotSoldError: The provider does not sell what was chosen.
    """
    # The same question is asked to see what is sold, to compare it and to draw its sizes.
    found = _found(platform, workload, book)
    if found is None:
        found = _price(platform, workload, book)
        _recent.append((platform, workload.of_any_volume, book, found))
    return found


def _found(platform: Platform, workload: Workload, book: PriceBook) -> AnyPriced | None:
    question = workload.of_any_volume
    for servers, asked, prices, found in tuple(_recent):
        if servers is platform and prices is book and asked == question:
            return found
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
    """Return the platform of the size that costs least for a workload."""
    from ferryman.cost.hybrid.overflowing import Hybrid

    priced = price(platform, workload, book)
    servers = platform.servers if isinstance(platform, Hybrid) else platform
    if isinstance(servers, SizedPlatform):
        return servers.sizes[priced.size_of(workload.requests)]
    return servers


FLOAT = 1e-12
"""What a float may err by; prices and loads that differ at all differ by far more."""


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a size costs and carries.

    Args:
        name: Its name.
        least: USD a month for one server, when it does nothing.
        most: The same when it is full.
        carries: Requests a month that one server carries.
        credits: USD a month of CPU credits that a server brings.
    """

    name: str
    least: float
    most: float
    carries: float
    credits: float

    @property
    def is_worth_adding_idle(self) -> bool:
        """Whether a server more lowers the bill, by its credits, although it is not needed.

        The count of such servers would have to be chosen by the bill and not by the need.
        """
        return self.credits > self.least

    def beats(self, other: _Worth) -> bool:
        """Return whether servers of this size cost no more than those of another, at any volume.

        So many servers of this size as cost no more than one of the other carry as much.
        """
        count = math.floor(other.least / self.most * (1 + FLOAT)) if self.most else 0
        return count >= 1 and count * self.carries >= other.carries * (1 - FLOAT)


def admissible_sizes(
    platform: SizedPlatform, inputs: Inputs, book: PriceBook
) -> dict[str, Platform]:
    """Return the sizes that the workload fits and that no other size beats at every volume.

    Raises:
        ConfigError: The workload fits no size; this is the error of the last one.
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
    counted = [each for each in worth if not each.is_worth_adding_idle] or worth
    kept: list[_Worth] = []
    for each in sorted(counted, key=lambda each: (each.least, -each.carries)):
        if not any(other.beats(each) for other in kept):
            kept.append(each)
    names = {each.name for each in kept}
    return {name: size for name, size in platform.sizes.items() if name in names}


def _worth(name: str, size: Size, inputs: Inputs, book: PriceBook) -> _Worth:
    fleet = size.fleet(book)
    assert fleet is not None
    share = fleet.share(inputs)
    carries = 1 / float(share) if share else 1e30
    least = most = earned = 0.0
    for charge in size.server_charges(inputs, book):
        usd = float(charge.rate.value) * float(charge.usage.per_server)
        if charge.is_surplus:
            # The busy hour's load all month: more than a server can ever be billed for.
            work = float(charge.rate.value) * float(charge.usage.per_request) * carries
            most += max(0.0, work + usd)
            earned -= usd
        else:
            least += usd
            most += usd
    return _Worth(name, least, most, carries, earned)


def bill(platform: Platform, workload: Workload, book: PriceBook) -> Bill:
    """Return what a month of the workload costs: `price`, then the bill at its volume.

    Raises:
        ConfigError: As `price` does.
    """
    from ferryman.cost.hybrid.overflowing import Hybrid, price_hybrid

    requests = workload.requests
    if isinstance(platform, Hybrid) and _found(platform, workload, book) is None:
        return price_hybrid(platform, workload, book, float(requests)).bill(requests)
    return price(platform, workload, book).bill(requests)


def curve(platform: Platform, workload: Workload, book: PriceBook, horizon: Decimal) -> CostCurve:
    """Return USD a month by requests a month, as far as ``horizon``.

    Raises:
        ConfigError: As `price` does.
    """
    return price(platform, workload, book).curve(horizon)
