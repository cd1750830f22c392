"""Shares of a workload: what they need and cost, and the cheapest week on both platforms."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost import Choices, Workload, bill, load_book, make_platforms, preset
from ferryman.cost.hybrid.standing_week import hybrid_week
from ferryman.cost.number_format import MONTH_SECONDS
from ferryman.cost.partial_load import PartialLoad, partial_load

BOOK = load_book()
WORK = Workload.of(preset("consumer"), requests=1_000_000_000, wall_ms=80, cpu_ms=12)


def load(name: str, work: Workload = WORK) -> PartialLoad:
    (platform,) = make_platforms((name,), Choices(free_tiers=frozenset()))
    return partial_load(platform, work, BOOK)


FUNCTION, SERVERS = load("lambda-url"), load("ec2")


@pytest.mark.parametrize("name", ["lambda-url", "lambda-alb", "fargate", "ec2", "eks"])
def test_with_all_the_traffic_it_costs_what_the_bill_says(name: str) -> None:
    side = load(name)
    (platform,) = make_platforms((name,), Choices(free_tiers=frozenset()))
    assert side.usd(1.0) == bill(platform, WORK, BOOK).total


def test_servers_that_are_kept_cost_as_much_as_servers_that_work() -> None:
    assert SERVERS.usd(0.1) < SERVERS.usd(0.1, kept=1.0) <= SERVERS.usd(1.0)
    assert FUNCTION.usd(0.1, kept=1.0) == FUNCTION.usd(0.1)


def test_servers_carry_what_the_count_of_servers_says() -> None:
    needed = SERVERS.units(1.0)
    busiest = float(WORK.requests) / MONTH_SECONDS * float(WORK.peak_to_mean)
    assert SERVERS.capacity(needed) >= busiest
    assert needed == 2 or SERVERS.capacity(needed - 1) < busiest


def test_environments_follow_littles_law_with_room_for_chance() -> None:
    busiest = float(WORK.requests) / MONTH_SECONDS * float(WORK.peak_to_mean) * 0.0807
    assert busiest < FUNCTION.units(1.0) < 2.5 * busiest
    assert FUNCTION.capacity(100) == pytest.approx(100 / 0.0807, rel=0.02)


def test_a_hybrid_is_never_dearer_than_the_best_of_its_parts_on_as_many_servers() -> None:
    week = hybrid_week(FUNCTION, SERVERS)
    most = hybrid_week(FUNCTION, SERVERS, SERVERS.units(1.0))
    assert week.usd <= most.usd
    assert len(week.shares) == 168
    assert all(0 <= share <= 1 for share in week.shares)


def test_quiet_hours_go_to_the_servers_and_the_peak_is_shared() -> None:
    week = hybrid_week(FUNCTION, SERVERS, standing=2)
    shape = WORK.shape
    assert shape is not None
    room = SERVERS.capacity(2)
    for weight, share in zip(shape.weights, week.shares, strict=True):
        rate = float(weight) * float(WORK.requests) / MONTH_SECONDS
        assert share * rate <= room * (1 + 1e-9), "never more than they can carry"
        assert share == 1 or share * rate == pytest.approx(room)
    assert max(week.shares) == 1
    assert min(week.shares) < 1


def test_the_cost_of_a_week_is_that_of_its_hours() -> None:
    week = hybrid_week(FUNCTION, SERVERS, standing=2)
    shape = WORK.shape
    assert shape is not None
    weights = [float(weight) for weight in shape.weights]
    part = sum(w * s for w, s in zip(weights, week.shares, strict=True)) / sum(weights)
    there = Decimal(part) * WORK.requests
    expected = SERVERS.usd_with(there, 2) + FUNCTION.usd_with(WORK.requests - there, 0)
    assert float(week.usd) == pytest.approx(float(expected))


def test_where_servers_are_much_cheaper_they_get_it_all() -> None:
    heavy = replace(WORK, requests=Decimal(5 * 10**9))
    week = hybrid_week(load("lambda-url", heavy), load("ec2", heavy))
    assert sum(week.shares) / 168 > 0.9


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        ((SERVERS, SERVERS), "cannot share a week"),
        ((FUNCTION, FUNCTION), "cannot share a week"),
        (
            (FUNCTION, load("ec2", Workload.of(requests=1_000_000, wall_ms=80, cpu_ms=12))),
            "shape of the week",
        ),
    ],
)
def test_what_is_no_hybrid_is_refused(sides: tuple[PartialLoad, PartialLoad], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        hybrid_week(*sides)
