from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import chain

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.calendar import MAX_HOURS, Calendar, Period

MONDAY = 1_704_067_200  # 2024-01-01 00:00 UTC, a Monday
HOUR = 3600
WEEK = 7 * 24 * HOUR


def count(times: Iterable[float], requests: int = 1) -> Calendar:
    calendar = Calendar()
    for time in times:
        calendar.add(time, requests)
    return calendar


def period(times: Iterable[float], requests: int = 1) -> Period:
    found = count(times, requests).period("log")
    assert found is not None
    return found


def test_an_even_week() -> None:
    found = period(range(MONDAY, MONDAY + WEEK + 1, 6))
    assert found.requests == pytest.approx(730 * 600, rel=0.001)
    assert found.shape is not None
    assert set(found.shape.weights) == {1}
    assert found.burst == 1


def test_a_quiet_hour_tells_of_no_bursts() -> None:
    """One request an hour makes its minute sixty times the mean, which says nothing."""
    assert period(range(MONDAY, MONDAY + WEEK, HOUR)).burst is None


@pytest.mark.parametrize("order", [1, -1])
def test_monday_is_the_first_day_whatever_the_order_of_the_lines(order: int) -> None:
    """Twice the traffic on Monday from nine to ten."""
    nine = MONDAY + 9 * HOUR
    times = [*range(MONDAY, MONDAY + WEEK + 1, 60), *range(nine, nine + HOUR, 60)]
    shape = period(times[::order]).shape
    assert shape is not None
    assert shape.weights.index(max(shape.weights)) == 9
    assert max(shape.weights) / min(shape.weights) == 2


def test_a_minute_in_a_hundred_is_the_burst() -> None:
    quiet = (MONDAY + 60 * n for n in range(600) for _ in range(10))
    loud = (MONDAY + 600 * n + 1 for n in range(60) for _ in range(90))
    burst = period(chain(quiet, loud)).burst
    assert burst == pytest.approx(Decimal(10) * 60 / (60 + 6 * 9), rel=Decimal("0.01"))


def test_counts_by_the_hour_cover_their_last_hour_and_know_no_burst() -> None:
    found = period(range(MONDAY, MONDAY + WEEK, HOUR), requests=3600)
    assert found.seconds == WEEK
    assert found.requests == 730 * 3600
    assert found.shape is not None
    assert found.burst is None


@pytest.mark.parametrize("times", [[], [MONDAY], [MONDAY, MONDAY + 3599]])
def test_less_than_an_hour_is_no_rate(times: list[int]) -> None:
    assert count(times).period("log") is None


def test_a_hole_is_refused_with_its_place() -> None:
    calendar = count([MONDAY, MONDAY + 9 * 24 * HOUR])
    calendar.places[(MONDAY // HOUR) + 9 * 24] = "log, line 2"
    with pytest.raises(ConfigError, match="log, line 2: there are no requests from 2024-01-01"):
        calendar.period("log")


def test_a_log_of_ages_does_not_fill_the_memory() -> None:
    calendar = count(hour * HOUR for hour in range(MAX_HOURS))
    with pytest.raises(ConfigError, match="covers more than five years"):
        calendar.add(MAX_HOURS * HOUR, 1)


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf"), 1e12])
def test_what_is_no_time_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        Calendar().add(time, 1)
