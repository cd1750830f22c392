"""A platform that serves a part of a workload: how many servers it needs, and its cost.

While traffic moves from one platform to another, both run, each with a share of the traffic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.bill import make_bill
from ferryman.cost.number_format import MONTH_SECONDS, exact
from ferryman.cost.platforms.lambda_ import concurrency
from ferryman.cost.platforms.platform import Platform, Priced, price_one
from ferryman.cost.platforms.sizes import size_at
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Workload

__all__ = ("PartialLoad", "partial_load")


@dataclass(frozen=True)
class PartialLoad:
    """A platform of one size, for shares of a workload from 0 to 1.

    Args:
        priced: The platform with its charges.
    """

    priced: Priced

    @property
    def platform(self) -> str:
        """The platform's name."""
        return self.priced.platform.name

    @property
    def unit(self) -> str:
        """What `units` counts: environments on Lambda, else servers."""
        return "servers" if self.priced.fleet else "environments"

    @property
    def processes(self) -> int:
        """Processes of each server; 1 on Lambda."""
        fleet = self.priced.fleet
        return fleet.processes * fleet.copies if fleet else 1

    def units(self, share: float) -> int:
        """Return how many servers or environments the busiest hour of a share needs."""
        requests = self._requests(share)
        if self.priced.fleet:
            return self.priced.servers(requests) or 0
        inputs = self.priced.workload.inputs
        whole = float(concurrency(self.priced.workload)) * share
        # Arrivals are random: Poisson's law exceeds three deviations once in 700.
        return math.ceil(whole + 3 * math.sqrt(whole * float(inputs.arrival_variation)))

    def usd(self, share: float, kept: float | None = None) -> Decimal:
        """Return the cost of a month, USD.

        Args:
            share: The share of the requests that the platform answers.
            kept: The share for which its servers are sized; by default the same. Servers that
                wait for more traffic cost as much as busy ones.
        """
        servers = self.units(max(share, kept or 0.0)) if self.priced.fleet else 0
        return self.usd_with(self._requests(share), servers)

    def usd_with(self, requests: Decimal, servers: int) -> Decimal:
        """Return the cost of a month with a number of servers, whether or not they suffice."""
        return make_bill(
            self.platform,
            requests,
            self.priced.charges,
            running=Fraction(servers),
            highly_available=self.priced.platform.highly_available,
        ).total

    def capacity(self, units: int) -> float:
        """Return the requests a second that a number of servers or environments can serve."""
        fleet, inputs = self.priced.fleet, self.priced.workload.inputs
        if fleet is None:
            rate = float(self.priced.workload.requests) / MONTH_SECONDS * float(inputs.peak_to_mean)
            busy = float(concurrency(self.priced.workload)) or 1.0
            return units * rate * float(inputs.burst) / busy
        each = float(fleet.share_of_rate(inputs)) * MONTH_SECONDS
        return max(0, units - fleet.sizing.spare) / each if each else math.inf

    def _requests(self, share: float) -> Decimal:
        return exact(Fraction(self.priced.workload.requests) * Fraction(share))


def partial_load(platform: Platform, workload: Workload, book: PriceBook) -> PartialLoad:
    """Return a platform in the size that costs least for the whole workload.

    Raises:
        ConfigError: A price is missing, or the workload fits no size.
    """
    return PartialLoad(price_one(size_at(platform, workload, book), workload, book))
