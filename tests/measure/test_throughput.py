"""The laws that a curve was made from are found in it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.measure.throughput import find_knee, fit, fit_usl, is_past_knee

LEVELS = (1, 2, 4, 8, 16, 32, 64)


def usl(n: float, rate: float, sigma: float, kappa: float) -> float:
    return rate * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


@given(
    rate=st.floats(1, 1e5),
    sigma=st.floats(0, 1),
    kappa=st.just(0) | st.floats(1e-6, 0.1),
)
def test_the_universal_law_is_found(rate: float, sigma: float, kappa: float) -> None:
    found = fit_usl([(n, usl(n, rate, sigma, kappa)) for n in LEVELS])
    assert found[0] == pytest.approx(rate, rel=1e-3)
    assert found[1] == pytest.approx(sigma, rel=1e-2, abs=1e-4)
    assert found[2] == pytest.approx(kappa, rel=1e-2, abs=1e-6)


def test_no_parameter_is_negative_where_the_curve_rises_faster_than_linear() -> None:
    _, sigma, kappa = fit_usl([(n, n**1.3) for n in LEVELS])
    assert sigma == kappa == 0


def test_a_straight_line_fits_both_laws() -> None:
    law = fit([[(n, 100.0 * n) for n in LEVELS]] * 2)
    assert law.linear_rate.value == pytest.approx(100)
    assert law.linear_error == pytest.approx(0, abs=1e-6)
    assert law.throughput(10) == pytest.approx(1000)


def test_the_ranges_hold_what_noisy_curves_were_made_from() -> None:
    draw = random.Random(1)
    curves = [
        [(float(n), usl(n, 1000, 0.1, 0.001) * draw.gauss(1, 0.02)) for n in LEVELS]
        for _ in range(8)
    ]
    law = fit(curves)
    assert law.usl_lambda.low <= 1000 <= law.usl_lambda.high
    assert law.usl_sigma.low <= 0.1 <= law.usl_sigma.high
    assert law.usl_error < law.linear_error


def test_the_knee_is_the_least_concurrency_with_almost_the_most_throughput() -> None:
    assert find_knee([(1, 100), (2, 190), (4, 300), (8, 305), (16, 310)]) == (4, 300)


@pytest.mark.parametrize(
    ("rates", "ended"),
    [((100, 200, 400), False), ((100, 101, 102), True), ((100, 101), False), ((9, 10, 8, 7), True)],
)
def test_a_curve_has_ended_when_two_doublings_brought_nothing(
    rates: tuple[int, ...], ended: bool
) -> None:
    points = [(float(n), float(rate)) for n, rate in zip(LEVELS, rates, strict=False)]
    assert is_past_knee(points) is ended
