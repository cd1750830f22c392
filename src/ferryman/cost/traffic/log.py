"""Reading a traffic log: how many requests a month, which shape, how bursty.

A log is lines that begin with a time: seconds since 1970, or ISO 8601. What follows the
time, after a comma, a tab or a blank, may be the duration of the request in milliseconds.
Streams: a log of any length takes the memory of its hours, not of its lines.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.cost.figures import MONTH_SECONDS
from ferryman.cost.traffic.shape import HOURS, Shape

__all__ = ("MAX_STEP_BACK", "Traffic", "read_log", "summarise")

MAX_STEP_BACK = 300.0
"""Seconds by which a line may be earlier than one before it: servers write when a request
ends, so lines are a little out of order. More is a clock that jumped."""

MAX_GAP = 7 * 24 * 3600.0
"""Seconds without a request after which the log is taken to have a hole, or its clock to
have jumped ahead."""

HOUR, MINUTE = 3600, 60


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a log says.

    Args:
        requests: Requests a month of 730 hours, at the log's mean rate.
        shape: The week; ``None`` if the log is shorter than a week.
        peak_to_mean: The busiest hour over the mean rate.
        burst: The busiest minute in a hundred over its hour's mean.
        wall_ms: Mean billed duration: each rounded up to a whole millisecond; ``None`` if
            the log has no durations.
        seconds: The time that the log covers.
        lines: Requests in the log.
    """

    requests: Decimal
    shape: Shape | None
    peak_to_mean: Decimal
    burst: Decimal
    wall_ms: Decimal | None
    seconds: float
    lines: int


@dataclass(slots=True)
class _Tally:
    first: float = math.inf
    last: float = -math.inf
    lines: int = 0
    timed: int = 0
    wall_ms: int = 0
    minutes: Counter[int] = field(default_factory=Counter)


def read_log(path: Path) -> Traffic:
    """Read a log from a file.

    Raises:
        ConfigError: The file cannot be read, or as `summarise` does.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            return summarise(lines, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the log cannot be read", cause=str(error)) from error


def summarise(lines: Iterable[str], name: str) -> Traffic:
    """Return what the lines of a log say.

    Args:
        lines: The log; blank lines and those that begin with ``#`` count for nothing.
        name: What errors call it.

    Raises:
        ConfigError: A line has no time, the clock jumps, or the log covers less than an
            hour.
    """
    tally = _Tally()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            _count(tally, text, f"{name}, line {number}")
    covered = tally.last - tally.first
    if not tally.lines or covered < HOUR:
        raise ConfigError(
            f"{name}: the log covers {max(covered, 0) if tally.lines else 0:.0f} seconds",
            cause=f"it has {tally.lines} requests",
            hint="an hour at least is needed, and a week to know the shape",
        )
    return _traffic(tally, name)


def _count(tally: _Tally, text: str, where: str) -> None:
    stamp, duration = _fields(text, where)
    if tally.lines and not -MAX_STEP_BACK <= stamp - tally.last <= MAX_GAP:
        direction = "back" if stamp < tally.last else "ahead"
        raise ConfigError(
            f"{where}: the clock jumps {direction} by {abs(stamp - tally.last):,.0f} seconds",
            hint="cut the log there, and read its parts one by one",
        )
    tally.first, tally.last = min(tally.first, stamp), max(tally.last, stamp)
    tally.lines += 1
    tally.minutes[int(stamp // MINUTE)] += 1
    if duration is not None:
        tally.timed += 1
        tally.wall_ms += math.ceil(duration)


def _fields(text: str, where: str) -> tuple[float, float | None]:
    parts = re.split(r"[,\s]+", text, maxsplit=2)
    try:
        stamp = _seconds(parts[0])
        duration = float(parts[1]) if len(parts) > 1 and parts[1] else None
    except ValueError:
        raise ConfigError(
            f"{where}: {text[:60]!r} does not begin with a time and a duration",
            hint="write seconds since 1970 or ISO 8601, then a comma and milliseconds",
        ) from None
    bad = not math.isfinite(stamp) or stamp < 0
    if bad or (duration is not None and not 0 <= duration < math.inf):
        raise ConfigError(f"{where}: {text[:60]!r} is not a time and a duration")
    return stamp, duration


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _traffic(tally: _Tally, name: str) -> Traffic:
    covered = tally.last - tally.first
    hours: Counter[int] = Counter()
    for minute, count in tally.minutes.items():
        hours[minute // 60] += count
    mean = tally.lines / covered
    return Traffic(
        requests=Decimal(round(mean * MONTH_SECONDS)),
        shape=_week(hours, tally, name),
        peak_to_mean=_three(max(1.0, max(hours.values()) / HOUR / mean)),
        burst=_three(_burst(tally.minutes, hours)),
        wall_ms=_three(tally.wall_ms / tally.timed) if tally.timed else None,
        seconds=covered,
        lines=tally.lines,
    )


def _week(hours: Counter[int], tally: _Tally, name: str) -> Shape | None:
    """Return the mean of each hour of the week, over the whole hours that the log covers."""
    first, last = math.ceil(tally.first / HOUR), math.floor(tally.last / HOUR)
    if last - first < HOURS:
        return None
    sums, seen = [0] * HOURS, [0] * HOURS
    for hour in range(first, last):
        # 1 January 1970 was a Thursday: 72 hours after a Monday's midnight.
        place = (hour + 72) % HOURS
        sums[place] += hours[hour]
        seen[place] += 1
    weights = tuple(Fraction(total, count) for total, count in zip(sums, seen, strict=True))
    return Shape(name, weights, f"a log of {tally.lines:,} requests")


def _burst(minutes: Counter[int], hours: Counter[int]) -> float:
    ratios = sorted(count * 60 / hours[minute // 60] for minute, count in minutes.items())
    return max(1.0, ratios[min(len(ratios) - 1, len(ratios) * 99 // 100)])


def _three(number: float) -> Decimal:
    return Decimal(f"{number:.3f}")
