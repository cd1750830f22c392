"""Growing traffic: the month in which to move, and what staying costs."""

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


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a forecast.

    Args:
        number: Months from now; the first is 0.
        name: What it is called, such as ``March 2028``.
        requests: Requests in it.
        cheapest: The name of the cheapest platform.
        usd: What that costs; infinite if none can carry it.
        staying_usd: What the platform of today costs; infinite if it cannot carry it.
    """

    number: int
    name: str
    requests: Decimal
    cheapest: str
    usd: Decimal
    staying_usd: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """What growth does.

    Args:
        current: The platform of today.
        months: One after the other.
    """

    current: str
    months: tuple[Month, ...]

    @property
    def move(self) -> Month | None:
        """The first month from which on another platform stays cheaper; ``None`` if none."""
        found = None
        for month in reversed(self.months):
            if month.usd == month.staying_usd:
                break
            found = month
        return found

    @property
    def staying_costs(self) -> Decimal:
        """USD more over all the months that any can carry than the cheapest in each."""
        carried = [month for month in self.months if month.usd.is_finite()]
        return sum((month.staying_usd - month.usd for month in carried), Decimal(0))

    @property
    def overrun(self) -> Month | None:
        """The first month that none of the platforms can carry; ``None`` if they can."""
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
        workload: The traffic of today, and its growth a month.
        platforms: What could be moved to.
        book: The prices.
        current: The name of the platform of today; by default the cheapest of today.
        months: How far to look.
        start: A day of the first month; without it months are numbered.

    Raises:
        ConfigError: The current platform is not among them, or there is no month to look at.
    """
    names = [platform.name for platform in platforms]
    if months < 1:
        raise ConfigError(
            f"months: {months} is not a number of months ahead", hint="give 1 or more"
        )
    if current is not None and current not in names:
        raise ConfigError(f"{current!r} is not compared", hint=f"there are {'; '.join(names)}")
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
    """Return the month's bill, infinite beyond what can be carried or counted."""
    reach = priced.reach
    if reach is not None and requests > reach:
        return Decimal("Infinity")
    return priced.bill(requests).total


def _month_name(start: date | None, number: int) -> str:
    if start is None:
        return f"month {number}"
    years, month = divmod(start.month - 1 + number, 12)
    return date(start.year + years, month + 1, 1).strftime("%B %Y")
