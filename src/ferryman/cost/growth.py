"""Growing traffic: the month in which to move, and the cost of staying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import AnyPriced, price
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import LIMITS, Workload

__all__ = ("MONTHS", "Forecast", "Month", "forecast")

MONTHS = 36
"""The usual number of months to project."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a forecast.

    Args:
        number: Months from now; the first is 0.
        name: Its name, such as ``March 2028``.
        requests: Requests in this month.
        cheapest: The name of the cheapest platform.
        usd: Its cost; infinite if no platform can serve the traffic.
        staying_usd: The cost of today's platform; infinite if it cannot serve the traffic.
    """

    number: int
    name: str
    requests: Decimal
    cheapest: str
    usd: Decimal
    staying_usd: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cheapest platform in each month of growing traffic.

    Args:
        current: The name of today's platform.
        months: The months, in order.
    """

    current: str
    months: tuple[Month, ...]

    @property
    def move(self) -> Month | None:
        """The first month from which on other platforms stay cheaper; ``None`` for never."""
        found = None
        for month in reversed(self.months):
            if month.usd == month.staying_usd:
                break
            found = month
        return found

    @property
    def staying_costs(self) -> Decimal:
        """The additional USD of staying, over all months in which any platform can serve."""
        carried = [month for month in self.months if month.usd.is_finite()]
        return sum((month.staying_usd - month.usd for month in carried), Decimal(0))

    @property
    def overrun(self) -> Month | None:
        """The first month whose traffic no platform can serve; ``None`` if there is none."""
        return next((month for month in self.months if not month.usd.is_finite()), None)


def forecast(
    workload: Workload,
    platforms: Sequence[Platform],
    book: PriceBook,
    current: str | None = None,
    months: int = MONTHS,
    start: date | None = None,
) -> Forecast:
    """Return which platform is the cheapest as the traffic grows by ``workload.growth``.

    Args:
        workload: Today's traffic, and its growth a month.
        platforms: The compared platforms.
        book: The prices.
        current: The name of today's platform; by default the cheapest for today's traffic.
        months: How many months to project.
        start: A day of the first month; without it, months have numbers for names.

    Raises:
        ConfigError: The current platform is not one of them, or ``months`` is below 1.
    """
    names = [platform.name for platform in platforms]
    if months < 1:
        raise ConfigError(
            f"months: {months} is not a number of months ahead", hint="give 1 or more"
        )
    if current is not None and current not in names:
        raise ConfigError(
            f"{current!r} is not one of the compared platforms",
            hint=f"they are {'; '.join(names)}",
        )
    priced = [price(platform, workload, book) for platform in platforms]
    found = []
    for number in range(months):
        requests = workload.requests * (1 + workload.growth) ** number
        if requests > LIMITS["requests"][1]:
            break
        totals = {each.platform.name: _total(each, requests) for each in priced}
        cheapest = min(totals, key=lambda name: totals[name])
        current = current or cheapest
        if totals[current] == totals[cheapest]:
            cheapest = current
        name = _month_name(start, number)
        found.append(Month(number, name, requests, cheapest, totals[cheapest], totals[current]))
    return Forecast(current or "", tuple(found))


def _total(priced: AnyPriced, requests: Decimal) -> Decimal:
    """Return the month's bill, infinite if the platform cannot serve the traffic."""
    reach = priced.reach
    if reach is not None and requests > reach:
        return Decimal("Infinity")
    return priced.bill(requests).total


def _month_name(start: date | None, number: int) -> str:
    if start is None:
        return f"month {number}"
    years, month = divmod(start.month - 1 + number, 12)
    return date(start.year + years, month + 1, 1).strftime("%B %Y")
