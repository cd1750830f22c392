"""The seam between platforms and everything that compares them.

A platform says what it charges and how its servers are counted. Bills and curves are made
from that here, in the same way for all of them.
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

__all__ = ("NotSoldError", "OnLambda", "OnServers", "Platform", "Priced", "price_one")


class NotSoldError(ConfigError):
    """The provider does not sell what was chosen."""


class Platform(Protocol):
    """Something that an application can run on and that has a price."""

    @property
    def name(self) -> str:
        """Its name in tables and sentences, unique in a comparison."""

    @property
    def pays_per_request(self) -> bool:
        """Whether no traffic means no bill; otherwise capacity is paid for by the hour."""

    @property
    def highly_available(self) -> bool:
        """Whether the loss of one zone leaves something that answers."""

    @property
    def assumptions(self) -> str:
        """Its assumptions besides the workload, in half a sentence."""

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the servers to be counted; ``None`` where there are none to count.

        Raises:
            NotSoldError: There are no such servers.
        """

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield everything that is billed.

        Raises:
            ConfigError: A price is missing, or the workload does not fit the platform.
        """

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield what a reader must know before trusting the total."""


class OnServers:
    """What servers have in common that a `Sizing` counts: they cost money while they wait."""

    __slots__ = ()
    sizing: Sizing

    @property
    def pays_per_request(self) -> bool:
        """False."""
        return False

    @property
    def highly_available(self) -> bool:
        """Whether there are always two of them."""
        return self.sizing.highly_available


class OnLambda:
    """What functions have in common: Lambda runs them in several zones."""

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
        """Return nothing: there are no servers to count."""


@dataclass(frozen=True)
class Priced:
    """A platform with its charges for one workload, at any volume.

    Args:
        platform: The platform.
        workload: The workload; its own number of requests plays no part.
        fleet: The servers, if there are any to count.
        charges: Everything that is billed.
    """

    platform: Platform
    workload: Workload
    fleet: Fleet | None
    charges: tuple[Charge, ...]

    def bill(self, requests: Decimal) -> Bill:
        """Return the cost of a month with a number of requests.

        Where the platform cannot carry them, the bill is empty and says so.

        Raises:
            ConfigError: There would be too many servers.
        """
        platform, most = self.platform, self.limit
        if most is not None and requests > most:
            note = f"it carries no more than {volume(most)} requests a month"
            available = platform.highly_available
            return Bill(platform.name, requests, (), available, None, (note,), carried=False)
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
        note = f"its price is a range; at {volume(requests)} requests a month: {ends}"
        return replace(made, notes=(*made.notes, note))

    @cached_property
    def limit(self) -> Fraction | None:
        """The most requests a month that can be carried; ``None`` for no limit."""
        limits = [charge.until for charge in self.charges if charge.until is not None]
        if self.fleet and (most := self.fleet.limit(self.workload.inputs)) is not None:
            limits.append(most)
        return min(limits, default=None)

    @property
    def reach(self) -> Fraction | None:
        """The requests a month beyond which there would be too many servers to count.

        ``None`` where nothing is counted, or the servers end before.
        """
        if not self.fleet or not self._share or self.fleet.sizing.maximum is not None:
            return None
        return (MAX_SERVERS - self.fleet.sizing.spare) / self._share

    def servers(self, requests: Decimal) -> int | None:
        """Return the servers of the busy hour; ``None`` where there are none to count."""
        if not self.fleet:
            return None
        share = self._share
        return int(self.fleet.peak(self.workload.inputs, Fraction(requests), share))

    def size_of(self, _: Decimal) -> str:
        """Return nothing: there is one size."""
        return ""

    @cached_property
    def _servers(self) -> Servers:
        return self.fleet.servers(self.workload.inputs) if self.fleet else Servers()

    @cached_property
    def _share(self) -> Fraction | None:
        return Fraction(self.fleet.share(self.workload.inputs)) if self.fleet else None

    def curve(self, horizon: Decimal) -> SteppedCurve:
        """Return USD a month by requests a month, exactly, as far as ``horizon``.

        It has a step for each server, and ends early where the platform cannot carry more.

        Raises:
            ConfigError: As `bill` does.
        """
        if self.fleet and self.limit is None:
            self.servers(horizon)
        stop = max(Fraction(horizon), Fraction(1))
        return cost_curve(self.charges, replace(self._servers, end=self.limit, horizon=stop))


def price_one(platform: Platform, workload: Workload, book: PriceBook) -> Priced:
    """Return a platform of one size with its charges.

    Raises:
        ConfigError: A price is missing, or the workload does not fit the platform.
        NotSoldError: The provider does not sell what was chosen.
    """
    fleet = platform.fleet(book)
    if fleet:
        fleet.needs(workload.inputs)
    return Priced(platform, workload, fleet, tuple(platform.charges(workload.inputs, book)))
