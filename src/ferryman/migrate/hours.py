"""The cheapest share of each hour of the week, as percentages of the new side.

The cost model finds the cheapest shares; this module limits them, and looks them up by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ferryman.core.errors import ConfigError
from ferryman.migrate.options import FollowOptions

__all__ = ("Week", "make_week")

_HOURS = 24


@dataclass(frozen=True, slots=True)
class Week:
    """The new side's percentage in each hour.

    Attributes:
        percentages: 168 of them, from Monday 00:00 on.
        zone: The time zone that they are in.
    """

    percentages: tuple[float, ...]
    zone: tzinfo

    def at(self, seconds: float) -> float:
        """Return the percentage at a time, in seconds since 1970."""
        now = datetime.fromtimestamp(seconds, self.zone)
        return self.percentages[now.weekday() * _HOURS + now.hour]


def make_week(shares: tuple[float, ...], options: FollowOptions) -> Week:
    """Return the week's percentages, within the limits of the settings.

    Args:
        shares: The new side's cheapest share in each hour, 0 to 1, from Monday 00:00 on.
        options: The settings.

    Raises:
        ConfigError: There is no such time zone.
    """
    try:
        zone = ZoneInfo(options.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"[tool.ferryman.migrate.follow] timezone: there is no '{options.timezone}'",
            hint="write one such as Europe/Berlin, or UTC",
        ) from None
    bounded = (max(options.least, min(options.most, 100 * share)) for share in shares)
    return Week(tuple(bounded), zone)
