from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from ferryman.calculator.answers import find_answer, find_whole_answer, workload_of
from ferryman.calculator.state import CHOICES, State, read_state
from ferryman.core.errors import ConfigError
from ferryman.cost.compare import compare


def test_memory_brings_cpu_and_so_shortens_a_request() -> None:
    small, large = (workload_of(State(memory=Decimal(x))) for x in (512, 1769))
    assert large.wall_ms == 100
    assert small.wall_ms == round(90 + Decimal(10) * 1769 / 512, 3)


@pytest.mark.parametrize("region", CHOICES["region"][1])
@pytest.mark.parametrize("purchase", CHOICES["purchase"][1])
def test_every_region_has_an_answer_and_says_what_it_leaves_out(region: str, purchase: str) -> None:
    wanted = ("fargate", "ec2")
    state = State(region=region, purchase=purchase, against=wanted)
    found = find_answer(state)
    assert len(found.study.comparison.platforms) + len(found.missing) == 3
    assert all(text.startswith(wanted) for text in found.missing)


def test_a_front_door_without_a_price_there_leaves_lambda_out() -> None:
    found = find_answer(State(region="ap-northeast-1", door="cloudfront"))
    assert found.missing[0].startswith("lambda-cloudfront is left out: no price for cloudfront.req")


def test_where_nothing_has_a_price_that_is_said() -> None:
    with pytest.raises(ConfigError, match="there is nothing to compare"):
        find_answer(State(region="ap-northeast-1", door="cloudfront", against=()))


def test_heavy_requests_shorten_the_horizon_and_not_the_answer() -> None:
    heavy = State(requests=Decimal(10_000), cpu=Decimal(1000), autoscale=True)
    found = find_answer(heavy).study.comparison
    assert 10**6 <= found.horizon < 10**10
    assert found.own.cheapest.carried


@pytest.mark.parametrize(
    "query", ["memory=1", "requests=-1", "wait=NaN", "cpu=1G", "cpu=1e99", "init_ms=1G", "wait=inf"]
)
def test_a_number_out_of_range_is_said(query: str) -> None:
    with pytest.raises(ConfigError, match="out of range"):
        find_answer(read_state(parse_qs(query)))


@pytest.mark.parametrize("requests", [0, 1, 40_000_000, 10**10, 10**13])
def test_a_volume_has_the_answer_that_it_would_have_alone(requests: int) -> None:
    state = State(requests=Decimal(requests), cpu=Decimal("0.001"), wait=Decimal(1))
    found = find_answer(state).study.comparison
    alone = compare(workload_of(state), found.platforms, levels=(), horizon=found.horizon)
    assert found.own == alone.own
    assert found.stretches == alone.stretches
    assert found.duels == alone.duels


def test_the_whole_answer_belongs_to_the_same_answer() -> None:
    first, whole = find_answer(State()).study, find_whole_answer(State()).study
    assert whole.comparison is first.comparison
    assert whole.influences
    assert whole.advice
