"""What every platform offers, and how it becomes a bill and a curve.

A platform yields its charges and says how its servers are counted. This module makes bills
and curves from them, in the same way for every platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Charge, Servers, cost_curve, make_bill
from ferryman.cost.number_format import usd, volume
from ferryman.cost.platforms.fleet import MAX_SERVERS, Fleet, Sizing
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Inputs, Workload

__all__ = (
    "NotSoldError",
    "OnLambda",
    "OnServers",
    "Platform",
    "Priced",
    "bill_beyond",
    "price_one",
)


class NotSoldError(ConfigError):
    """The provider does not sell what the user chose."""


class Platform(Protocol):
    """Something that an application can run on and that has a price."""

    @property
    def name(self) -> str:
        """The name in tables and sentences, unique in a comparison."""

    @property
    def pays_per_request(self) -> bool:
        """Whether a month without traffic is free; otherwise capacity is billed by the hour."""

    @property
    def highly_available(self) -> bool:
        """Whether the platform still answers after the loss of one zone."""

    @property
    def assumptions(self) -> str:
        """What it assumes besides the workload, as half a sentence."""

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the servers to count; ``None`` if the platform has none.

        Raises:
            NotSoldError: The provider does not sell such servers.
        """

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield everything that the platform bills.

        Raises:
            ConfigError: A price is missing, or the workload does not fit the platform.
        """

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield what a reader must know before trusting the total."""


class OnServers:
    """What all servers that a `Sizing` counts have in common: they cost money while idle."""

    __slots__ = ()
    sizing: Sizing

    @property
    def pays_per_request(self) -> bool:
        """False."""
        return False

    @property
    def highly_available(self) -> bool:
        """Whether there are always two servers."""
        return self.sizing.highly_available


class OnLambda:
    """What all functions have in common: Lambda runs them in several zones."""

    __slots__ = ()

    @property
    def pays_per_request(self) -> bool:
        """True."""
        return True

    @property
    def highly_available(self) -> bool:
        """True."""
        return True

    def fleet(self, _: PriceBook) -> None:
        """Return ``None``: a function has no servers to count."""


@dataclass(frozen=True)
class Priced:
    """A platform with its charges for one workload, at any volume.

    Args:
        platform: The platform.
        workload: The workload; its own number of requests is ignored.
        fleet: The servers, if there are any to count.
        charges: Everything that the platform bills.
    """

    platform: Platform
    workload: Workload
    fleet: Fleet | None
    charges: tuple[Charge, ...]

    def bill(self, requests: Decimal) -> Bill:
        """Return the bill of a month with a number of requests.

        If the platform cannot carry them, the bill has no lines, and a note that says so.

        Raises:
            ConfigError: The requests need too many servers.
        """
        platform, most = self.platform, self.limit
        if most is not None and requests > most:
            return bill_beyond(platform, requests, most)
        there = replace(self.workload, requests=requests)
        made = make_bill(
            platform.name,
            requests,
            self.charges,
            running=self._servers.running.at(Fraction(requests)),
            highly_available=platform.highly_available,
            servers=self.servers(requests),
            notes=tuple(platform.notes(there)),
        )
        if all(charge.spread[0] == charge.spread[1] for charge in self.charges):
            return made
        ends = f"{usd(made.low)} to {usd(made.high)} USD"
        note = f"its price is a range: {ends} at {volume(requests)} requests a month"
        return replace(made, notes=(*made.notes, note))

    @cached_property
    def limit(self) -> Fraction | None:
        """The most requests a month that the platform carries; ``None`` for no limit."""
        limits = [charge.until for charge in self.charges if charge.until is not None]
        if self.fleet and (most := self.fleet.limit(self.workload.inputs)) is not None:
            limits.append(most)
        return min(limits, default=None)

    @property
    def reach(self) -> Fraction | None:
        """The requests a month above which there would be too many servers to count.

        ``None`` if there are no servers to count, or a limited number of them.
        """
        if not self.fleet or not self._share or self.fleet.sizing.maximum is not None:
            return None
        return (MAX_SERVERS - self.fleet.sizing.spare) / self._share

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers in the busy hour; ``None`` if there are none to count."""
        if not self.fleet:
            return None
        share = self._share
        return int(self.fleet.peak(self.workload.inputs, Fraction(requests), share))

    def size_of(self, _: Decimal) -> str:
        """Return an empty string: the platform has one size."""
        return ""

    @cached_property
    def _servers(self) -> Servers:
        return self.fleet.servers(self.workload.inputs) if self.fleet else Servers()

    @cached_property
    def _share(self) -> Fraction | None:
        return Fraction(self.fleet.share(self.workload.inputs)) if self.fleet else None

    def curve(self, horizon: Decimal) -> SteppedCurve:
        """Return USD a month by requests a month, exactly, up to ``horizon``.

        The curve has a step for each server. It ends early if the platform cannot carry more.

        Raises:
            ConfigError: As `bill` does.
        """
        if self.fleet and self.limit is None:
            self.servers(horizon)
        stop = max(Fraction(horizon), Fraction(1))
        return cost_curve(self.charges, replace(self._servers, end=self.limit, horizon=stop))


def bill_beyond(platform: Platform, requests: Decimal, limit: Fraction) -> Bill:
    """Return the bill of a month with more requests than a platform carries: it has no lines."""
    note = f"it carries at most {volume(limit)} requests a month"
    available = platform.highly_available
    return Bill(platform.name, requests, (), available, notes=(note,), carried=False)


def price_one(platform: Platform, workload: Workload, book: PriceBook) -> Priced:
    """Return a platform of one size with its charges.

    Raises:
        ConfigError: A price is missing, or the workload does not fit the platform.
        NotSoldError: The provider does not sell what the user chose.
    """
    fleet = platform.fleet(book)
    if fleet:
        fleet.needs(workload.inputs)
    return Priced(platform, workload, fleet, tuple(platform.charges(workload.inputs, book)))
