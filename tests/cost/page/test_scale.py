from __future__ import annotations

import pytest

from ferryman.cost.page.scale import Scale, apart, decades, round_steps


def test_a_logarithm_gives_equal_ratios_equal_distances() -> None:
    scale = Scale(1, 100, 0, 200, log=True)
    assert [round(scale.at(x), 6) for x in (1, 10, 100)] == [0, 100, 200]
    assert scale.at(0) < 0


def test_a_scale_may_run_upwards_and_be_held_within() -> None:
    scale = Scale(0, 10, 300, 100)
    assert scale.at(5) == 200
    assert scale.within(50) == 100


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (1, 100, [1, 2, 5, 10, 20, 50, 100]),
        (60, 160, [60, 80, 100, 150]),
        (3e5, 4e6, [5e5, 1e6, 2e6]),
        (1, 1e5, [1, 10, 100, 1000, 10_000, 100_000]),
    ],
)
def test_decades_are_filled_up_where_they_are_few(
    low: float, high: float, shown: list[float]
) -> None:
    assert list(decades(low, high)) == pytest.approx(shown)


@pytest.mark.parametrize(
    ("high", "shown"),
    [(10, [0, 2, 4, 6, 8, 10]), (0.9, [0, 0.2, 0.4, 0.6, 0.8]), (348, [0, 100, 200, 300])],
)
def test_steps_are_round(high: float, shown: list[float]) -> None:
    assert list(round_steps(high)) == pytest.approx(shown)


def test_names_are_pushed_apart_in_their_order() -> None:
    assert apart([50, 10, 52], 10, 0, 100) == [50, 10, 60]


def test_names_at_the_foot_are_pushed_up() -> None:
    assert apart([98, 99, 97], 10, 0, 100) == [90, 100, 80]
