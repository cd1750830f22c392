"""Against runs measured on AWS by Mahmoudi and Khazaei, IEEE Transactions on Cloud Computing
2020, with services of about two seconds and an idle time-out of ten minutes."""

from __future__ import annotations

import math

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.cold_starts import (
    ColdStarts,
    expected,
    expected_over_week,
    poisson,
    shaped,
    simulate,
)
from ferryman.cost.traffic.shape import preset

MEASURED = [
    # rate, share, its standard error, environments
    (0.00186, 0.3430, 0.032, 0.67),
    (0.0164, 0.0196, 0.002, 1.27),
    (0.302, 0.0029, 0.0002, 4.42),
    (1.001, 0.0013, 0.0001, 8.40),
]


def run(rate: float, requests: int, seed: int = 1) -> ColdStarts:
    arrivals = poisson(rate, requests / rate, seed)
    return simulate(arrivals, 1.991, 2.244, warm_up=7200, seed=seed)


@pytest.mark.parametrize(("rate", "share", "error", "environments"), MEASURED)
def test_the_simulation_is_within_the_measured_runs(
    rate: float, share: float, error: float, environments: float
) -> None:
    found = run(rate, 150_000 if rate > 0.1 else 40_000)
    assert found.environments == pytest.approx(environments, rel=0.05)
    assert found.share == pytest.approx(share, abs=max(0.2 * share, 3 * error))


@pytest.mark.parametrize(("rate", "share", "error", "environments"), MEASURED)
def test_the_closed_form_is_within_the_measured_environments(
    rate: float, share: float, error: float, environments: float
) -> None:
    found = expected(rate, 2.0)
    assert found.environments == pytest.approx(environments, rel=0.05)
    # What one environment turns away comes in bursts, and the closed form takes it as
    # Poisson: at high rates its share is too low.
    assert 0.5 * share < found.share < 1.2 * share


def test_the_simulation_agrees_with_another_simulator() -> None:
    """SimFaaS, its README: share 0.0014, 7.66 servers."""
    found = run(0.9, 150_000)
    assert found.environments == pytest.approx(7.66, rel=0.05)
    assert found.share == pytest.approx(0.0014, rel=0.2)


def test_one_environment_alone_is_the_exponential() -> None:
    assert expected(0.0005, 0.001).share == pytest.approx(math.exp(-0.0005 * 600), rel=0.001)


@pytest.mark.parametrize("rate", [0.01, 1.0, 50.0, 4000.0])
def test_longer_time_outs_mean_fewer_starts_and_more_environments(rate: float) -> None:
    short, long = (expected(rate, 0.1, timeout) for timeout in (300.0, 3600.0))
    assert 0 < long.share < short.share < 1
    assert long.environments > short.environments > rate * 0.1


def test_a_flat_week_is_no_different() -> None:
    flat = expected_over_week(0.5, 0.2, preset("flat"))
    assert flat.share == pytest.approx(expected(0.5, 0.2).share)


def test_uneven_traffic_starts_more_environments_cold() -> None:
    """The same requests in two hours a night start cold more often than spread out."""
    week = preset("batch")
    even, uneven = expected(0.05, 0.5).share, expected_over_week(0.05, 0.5, week).share
    assert uneven != pytest.approx(even, rel=0.05)
    found = simulate(shaped(0.05, week, 14 * 24 * 3600, seed=3), 0.5, 0.5, warm_up=0)
    assert found.share == pytest.approx(uneven, rel=0.25)


def test_shaped_arrivals_follow_the_week() -> None:
    week = preset("office")
    times = list(shaped(0.2, week, 7 * 24 * 3600))
    assert len(times) == pytest.approx(0.2 * 7 * 24 * 3600, rel=0.02)
    ten = sum(10 * 3600 <= t < 11 * 3600 for t in times)
    assert ten == pytest.approx(720 * float(week.weights[10]), rel=0.1)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_rate_is_refused(bad: float) -> None:
    with pytest.raises(ConfigError, match=r"^rate: "):
        expected(bad, 1.0)


def test_a_simulation_needs_requests() -> None:
    with pytest.raises(ConfigError, match="no request comes after the warm-up"):
        simulate([1.0, 2.0], 1.0, 1.0, warm_up=10.0)
