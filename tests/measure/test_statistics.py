"""Intervals hold what they say, and a disturbed repeat does not move the figure."""

from __future__ import annotations

import random

import pytest

from ferryman.measure.statistics import estimate, percentile


@pytest.mark.parametrize("repeats", [3, 5, 8, 20])
def test_nineteen_intervals_in_twenty_hold_the_mean(repeats: int) -> None:
    draw = random.Random(repeats)
    intervals = [estimate([draw.gauss(100, 5) for _ in range(repeats)]) for _ in range(2000)]
    held = sum(each.low <= 100 <= each.high for each in intervals) / len(intervals)
    assert held == pytest.approx(0.95, abs=0.03)


def test_a_repeat_that_was_disturbed_does_not_move_the_figure() -> None:
    quiet = [10.0, 10.1, 9.9, 10.05, 9.95]
    assert estimate([*quiet, 40.0]).value == pytest.approx(10, rel=0.01)


def test_one_figure_is_its_own_interval() -> None:
    assert estimate([7.0]) == estimate([7.0, 7.0])


def test_an_interval_does_not_go_below_zero() -> None:
    assert estimate([0.0, 0.0, 5.0]).low == 0


@pytest.mark.parametrize(("share", "expected"), [(0.01, 1), (0.5, 5), (0.95, 10), (1, 10)])
def test_a_percentile_is_one_of_the_figures(share: float, expected: int) -> None:
    assert percentile(list(range(1, 11)), share) == expected
