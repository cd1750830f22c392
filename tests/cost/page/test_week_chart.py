"""The capacity over the week, held against the traffic it must carry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferryman.cost import Workload, compare
from ferryman.cost.compare import Comparison
from ferryman.cost.page.week_chart import capacities, hourly_rates, week_table
from ferryman.cost.platforms.catalog import USUAL_SIZING, Choices, make_platforms
from ferryman.cost.platforms.fleet import Scaling
from ferryman.cost.traffic.shape import Shape, preset

CONSUMER = preset("consumer")


def compared(scaling: Scaling, shape: Shape = CONSUMER, requests: int = 400_000_000) -> Comparison:
    sizing = replace(USUAL_SIZING, scaling=scaling)
    workload = Workload.of(shape, requests=requests, wall_ms=80, cpu_ms=8)
    return compare(
        workload, make_platforms(("lambda-url", "fargate", "ec2"), Choices(sizing=sizing))
    )


@pytest.mark.parametrize("scaling", ["fixed", "hourly"])
def test_the_capacity_is_above_the_traffic_in_every_hour(scaling: Scaling) -> None:
    found = compared(scaling)
    traffic = hourly_rates(found, CONSUMER)
    held = capacities(found, CONSUMER)
    assert [each.platform for each in held] == [p.name for p in found.platforms[1:]]
    for each in held:
        assert all(most >= rate for most, rate in zip(each.rates, traffic, strict=True))


def test_fixed_servers_are_a_level_line_and_scaled_ones_follow_the_hour() -> None:
    level, stepped = (capacities(compared(x), CONSUMER)[0] for x in ("fixed", "hourly"))
    assert len(set(level.servers)) == 1
    assert len(set(stepped.servers)) > 3
    assert max(stepped.servers) == level.servers[0]


def test_the_week_adds_up_to_the_month() -> None:
    found = compared("fixed")
    mean = sum(hourly_rates(found, CONSUMER)) / 168
    assert mean * 730 * 3600 == pytest.approx(400_000_000)


def test_the_servers_in_the_table_are_those_of_the_bill() -> None:
    found = compared("fixed")
    rows = {row[0]: row for row in week_table(found).rows}
    for platform, bill in zip(found.platforms, found.own.bills, strict=True):
        if bill.servers:
            assert rows[platform.name][1] == f"{bill.servers} servers"
            assert int(rows[platform.name][3].rstrip("%")) <= 100


def test_lambda_has_an_environment_for_each_request_at_once() -> None:
    found = compared("fixed")
    peak = 400_000_000 / (730 * 3600) * float(found.workload.peak_to_mean)
    at_once = int(week_table(found).rows[0][1].split()[0])
    assert at_once - 1 < peak * 0.08 <= at_once


def test_a_box_that_is_full_has_no_line() -> None:
    workload = Workload.of(CONSUMER, requests=Decimal(10**9), wall_ms=80, cpu_ms=8)
    found = compare(workload, make_platforms(("lambda-url", "box")))
    assert capacities(found, CONSUMER) == ()
    assert week_table(found).rows[1][1] == "cannot serve it"
