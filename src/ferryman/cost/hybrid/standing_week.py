"""Servers for the base of the traffic, and a platform that bills requests for the rest.

Running servers cost the same however much they answer. So each hour of the week is cheapest if the
servers carry as much as they can, and the other platform the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import MONTH_SECONDS, exact
from ferryman.cost.partial_load import PartialLoad

__all__ = ("HybridWeek", "hybrid_week")


@dataclass(frozen=True, slots=True)
class HybridWeek:
    """A week on both platforms.

    Args:
        servers: Servers that run all week.
        shares: The servers' share of the requests in each hour, 0 to 1, from Monday 00:00 on.
        usd: USD a month.
        usd_requests: USD a month without servers.
        usd_servers: USD a month with servers alone.
    """

    servers: int
    shares: tuple[float, ...]
    usd: Decimal
    usd_requests: Decimal
    usd_servers: Decimal


def hybrid_week(
    by_request: PartialLoad, servers: PartialLoad, standing: int | None = None
) -> HybridWeek:
    """Return the cheapest week on both platforms.

    Args:
        by_request: The platform that bills each request.
        servers: The platform that bills servers by the hour.
        standing: The number of servers; None for the cheapest number.

    Raises:
        ConfigError: The platforms are not of these kinds, or the shape of the week is unknown.
    """
    fleet = servers.priced.fleet
    if by_request.priced.fleet or fleet is None:
        raise ConfigError(
            f"{by_request.platform} and {servers.platform} cannot share a week",
            cause="one must bill each request, and the other must have servers",
            hint="choose Lambda on one side and servers on the other",
        )
    if servers.priced.workload.shape is None:
        raise ConfigError(
            "the shape of the week is unknown",
            hint="set shape = ... or logs = [...] in [tool.ferryman.cost]",
        )
    most = servers.units(1.0)
    least = min(fleet.sizing.minimum, most)
    counts = range(least, most + 1) if standing is None else (standing,)
    weeks = (_week(by_request, servers, count) for count in counts)
    return min(weeks, key=lambda week: week.usd)


def _week(by_request: PartialLoad, servers: PartialLoad, count: int) -> HybridWeek:
    work = servers.priced.workload
    shape = work.shape
    assert shape is not None
    room, mean = servers.capacity(count), float(work.requests) / MONTH_SECONDS
    rates = [float(weight) * mean for weight in shape.weights]
    cheaper = _usd_of_requests(servers, count) < _usd_of_requests(by_request, 0)
    shares = tuple(
        (min(1.0, room / rate) if rate else 1.0) if cheaper and count else 0.0 for rate in rates
    )
    carried = sum(share * rate for share, rate in zip(shares, rates, strict=True))
    part = Fraction(carried / sum(rates)) if sum(rates) else Fraction(0)
    requests = Fraction(work.requests)
    there, rest = exact(requests * part), exact(requests * (1 - part))
    return HybridWeek(
        servers=count,
        shares=shares,
        usd=servers.usd_with(there, count) + by_request.usd_with(rest, 0),
        usd_requests=by_request.usd(1.0),
        usd_servers=servers.usd(1.0),
    )


def _usd_of_requests(side: PartialLoad, servers: int) -> Decimal:
    """Return what the month's requests cost besides the cost of a month without requests."""
    whole = side.priced.workload.requests
    return side.usd_with(whole, servers) - side.usd_with(Decimal(0), servers)
