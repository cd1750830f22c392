"""Counts requests by the minute, and returns their mean rate, their week and their bursts.

The order of the times does not matter. The limit on hours bounds the memory.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import MONTH_SECONDS
from ferryman.cost.traffic.shape import HOURS, Shape
from ferryman.records.wording import counted

__all__ = ("MAX_GAP_HOURS", "Calendar", "Period", "three_places")

MAX_GAP_HOURS = 7 * 24
"""Hours without a request above which ferryman assumes a hole in the log, or a clock that
jumped."""

QUIET_HOURS = 24

QUIET_REQUESTS = 100
"""A note names a pause of at least `QUIET_HOURS` in which the mean rate would have brought at least
`QUIET_REQUESTS`: the log may have lost a day."""

MAX_HOURS = 5 * 8766
"""The most hours with requests that can be counted: five years."""

HOUR, MINUTE = 3600, 60

BURST_SHARE = 0.99

BURST_REQUESTS = 600
"""Requests that an hour must have to count for bursts: with fewer than ten a minute, chance alone
makes some minutes twice as busy as others."""


@dataclass(frozen=True, slots=True)
class Period:
    """What the times of a log show.

    Args:
        first: The earliest time, seconds since 1970.
        seconds: Seconds from the earliest time to the latest.
        requests: Requests a month of 730 hours, at the log's mean rate.
        shape: The week; ``None`` if the log is shorter than a week.
        peak_to_mean: The rate of the busiest hour over the mean rate.
        burst: The rate that one minute in a hundred exceeds, over its hour's mean; ``None`` if no
            hour has `BURST_REQUESTS`, or the log has only sums of requests.
    """

    first: float
    seconds: float
    requests: Decimal
    shape: Shape | None
    peak_to_mean: Decimal
    burst: Decimal | None


@dataclass(slots=True)
class Calendar:
    """Counts requests by the minute.

    Attributes:
        by_minute: Whether each time is a minute with the sum of its requests.
        places: Where in the logs each hour begins, for messages.
    """

    by_minute: bool = False
    first: float = math.inf
    last: float = -math.inf
    rows: int = 0
    hours: dict[int, array[int]] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)
    _begins: int = -60
    _minutes: array[int] = field(default_factory=lambda: array("q"))

    def add(self, time: float, requests: int) -> bool:
        """Count requests at a time, and return whether they are the first of their hour.

        Raises:
            ValueError: The time is before 1970, after 9999 or not a number.
            ConfigError: The log has more than `MAX_HOURS`.
        """
        if not 0.0 <= time < 253_402_300_800.0:
            raise ValueError(f"{time} is not a time")
        minute = int(time) // MINUTE - self._begins
        opened = False
        if not 0 <= minute < 60:
            minute, opened = int(time) % HOUR // MINUTE, self._turn(int(time) // HOUR)
        self._minutes[minute] += requests
        self.rows += 1
        if time < self.first:
            self.first = time
        if time > self.last:
            self.last = time
        return opened

    def _turn(self, hour: int) -> bool:
        opened = hour not in self.hours
        if opened:
            if len(self.hours) >= MAX_HOURS:
                raise ConfigError(
                    "the log covers more than five years",
                    hint="read a part of it; the latest weeks predict the next ones best",
                )
            self.hours[hour] = array("q", bytes(8 * 60))
        self._begins, self._minutes = hour * 60, self.hours[hour]
        return opened

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(map(sum, self.hours.values()))

    @property
    def covered(self) -> float:
        """Seconds that the log covers; 0 if it has no times."""
        if not self.rows:
            return 0.0
        span = self.last - self.first
        if self.by_minute:
            return span + MINUTE
        has_sums = self.requests != self.rows and self.rows > 1
        # A sum covers the time up to the next row; the last row covers as much as the others.
        return span * self.rows / (self.rows - 1) if has_sums else span

    @property
    def quiet(self) -> tuple[str, ...]:
        """A note on the longest pause, if the log may have a hole there."""
        before, after = max(
            pairwise(sorted(self.hours)), key=lambda pair: pair[1] - pair[0], default=(0, 0)
        )
        hours = after - before - 1
        if hours < QUIET_HOURS or self.requests * hours * HOUR < QUIET_REQUESTS * self.covered:
            return ()
        return (
            f"there are no requests from {_day(before + 1)} to {_day(after)},"
            f" {counted(hours, 'hour')}; ferryman assumes that there was no traffic, and if the"
            " log has a hole there, the rate is too low",
        )

    def period(self, name: str) -> Period | None:
        """Return what the times show; ``None`` if they cover less than an hour.

        Args:
            name: The name of the week.

        Raises:
            ConfigError: The log has a hole, or the clock jumped.
        """
        self._check()
        covered = self.covered
        if covered < HOUR or not self.requests:
            return None
        mean = self.requests / covered
        sums = {hour: sum(minutes) for hour, minutes in self.hours.items()}
        return Period(
            first=self.first,
            seconds=covered,
            requests=Decimal(round(mean * MONTH_SECONDS)),
            shape=self._week(sums, name),
            peak_to_mean=three_places(max(1.0, max(sums.values()) / HOUR / mean)),
            burst=self._burst(sums) if self.by_minute or self.requests == self.rows else None,
        )

    def _check(self) -> None:
        order = sorted(self.hours)
        for before, after in pairwise(order):
            if after - before > MAX_GAP_HOURS:
                where = self.places.get(after, "the log")
                raise ConfigError(
                    f"{where}: there are no requests from {_day(before)} to {_day(after)}",
                    cause="the log has a hole, or a clock jumped",
                    hint="split the log there, and read its parts one by one",
                )

    def _week(self, sums: dict[int, int], name: str) -> Shape | None:
        """Return the mean of each hour of the week; ``None`` if the log does not cover them all.

        A week is any 168 consecutive hours. If the log has exactly 168 hours, the first and the
        last hour count as whole, although the first and the last request lie within them. A
        longer log may begin and end within an hour, of which only the covered part counts.
        """
        begin, end = self.first / HOUR, (self.first + self.covered) / HOUR
        first, last = math.floor(begin), math.ceil(end)
        if last - first < HOURS:
            return None
        totals, seen = [0] * HOURS, [Fraction(0)] * HOURS
        for hour in range(first, last):
            # 1 January 1970 was a Thursday: 72 hours after a Monday's midnight.
            place = (hour + 72) % HOURS
            covered = 1.0 if last - first == HOURS else min(hour + 1, end) - max(hour, begin)
            totals[place] += sums.get(hour, 0)
            seen[place] += Fraction(round(covered * HOUR), HOUR)
        weights = tuple(
            Fraction(total) / count if count else Fraction(0)
            for total, count in zip(totals, seen, strict=True)
        )
        return Shape(name, weights, f"a log of {counted(self.requests, 'request')}")

    def _burst(self, sums: dict[int, int]) -> Decimal | None:
        ratios = sorted(
            count * 60 / sums[hour]
            for hour, minutes in self.hours.items()
            for count in minutes
            if count and sums[hour] >= BURST_REQUESTS
        )
        if not ratios:
            return None
        place = min(len(ratios) - 1, int(len(ratios) * BURST_SHARE))
        return three_places(max(1.0, ratios[place]))


def _day(hour: int) -> str:
    return datetime.fromtimestamp(hour * HOUR, UTC).strftime("%Y-%m-%d %H:00")


def three_places(number: float) -> Decimal:
    """Return a number rounded to three decimals."""
    return Decimal(f"{number:.3f}")
