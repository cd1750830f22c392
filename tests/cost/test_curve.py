from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.cost.curve import (
    Curve,
    Segment,
    compose,
    constant,
    difference,
    linear,
    positive_part,
    staircase,
    tiered,
    total,
)

TARIFF = tiered([(0, Decimal("1.5")), (10, Decimal("1")), (30, Decimal("0.5"))])


@pytest.mark.parametrize(
    ("quantity", "cost"),
    [(0, 0), (4, 6), (10, 15), (11, 16), (30, 35), (32, 36), (1030, 535)],
)
def test_a_tier_applies_to_the_part_of_the_quantity_that_falls_into_it(
    quantity: int, cost: int
) -> None:
    assert TARIFF.at(quantity) == cost


def test_an_allowance_comes_off_before_the_tiers_are_counted() -> None:
    with_allowance = tiered([(0, 2), (10, 1)], allowance=5)
    assert [with_allowance.at(x) for x in (0, 5, 6, 15, 16)] == [0, 0, 2, 20, 21]


@pytest.mark.parametrize(
    ("volume", "servers"), [(0, 2), (1, 2), (20, 2), (Fraction(41, 2), 3), (30, 3), (31, 4)]
)
def test_a_staircase_steps_just_after_a_server_is_full(
    volume: int | Fraction, servers: int
) -> None:
    assert staircase(10, 2, 100).at(volume) == servers


def test_a_staircase_is_unknown_beyond_its_end() -> None:
    with pytest.raises(ValueError, match="lies outside"):
        staircase(10, 2, 100).at(101)


def test_a_usage_that_steps_and_rises_meets_a_tariff_piece_by_piece() -> None:
    usage = total([linear(Fraction(1, 2)), staircase(8, 1, 60).scaled(7)])
    cost = compose(TARIFF, usage)
    for eighth in range(60 * 8):
        x = Fraction(eighth, 8)
        assert cost.at(x) == TARIFF.at(usage.at(x))
    assert cost.end == 60


def test_a_falling_usage_is_refused() -> None:
    with pytest.raises(ValueError, match="must not fall"):
        compose(TARIFF, linear(-1))


def test_a_sum_reaches_as_far_as_its_shortest_part() -> None:
    assert total([staircase(1, 1, 5), staircase(2, 1, 9), constant(1)]).end == 5


def test_a_difference_is_taken_point_by_point() -> None:
    gap = difference(TARIFF, linear(1))
    assert [gap.at(x) for x in (0, 10, 30, 40)] == [0, 5, 5, 0]


def test_the_positive_part_is_cut_where_the_line_passes_through_zero() -> None:
    saw = Curve(
        (
            Segment(Fraction(0), Fraction(-1), Fraction(1)),
            Segment(Fraction(3), Fraction(-2), Fraction(4)),
        )
    )
    cut = positive_part(saw)
    assert [cut.at(Fraction(x, 2)) for x in range(9)] == [0, 0, 0, Fraction(1, 2), 1, 1.5, 2, 0, 2]


def test_a_curve_cut_short_keeps_its_values() -> None:
    cut = TARIFF.until(20)
    assert cut.at(20) == TARIFF.at(20)
    assert cut.end == 20
