from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import CONFIDENCE, load_book

BOOK = load_book()


def test_every_rate_names_a_source_a_date_and_how_far_it_can_be_trusted() -> None:
    for rate in BOOK.rates.values():
        assert rate.source, rate
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", rate.seen), rate
        assert rate.confidence in CONFIDENCE, rate


def test_a_price_without_an_address_to_look_it_up_at_is_marked() -> None:
    for rate in BOOK.rates.values():
        assert "https://" in rate.source or rate.confidence == "unverified", rate


FREE = {"cloudfront.plan.free", "dynamodb.storage", "upstash.storage"}
"""Rates that cost nothing at first."""


def test_every_rate_is_positive_and_its_tiers_rise_from_zero_and_get_cheaper() -> None:
    for rate in BOOK.rates.values():
        assert rate.tiers[0].start == 0, rate
        paid = rate.tiers[1:] if rate.id in FREE else rate.tiers
        assert all(tier.price > 0 for tier in paid), rate
        assert all(one.start < two.start for one, two in pairwise(rate.tiers)), rate
        assert all(one.price > two.price for one, two in pairwise(paid)), rate


def test_no_rate_was_rounded_on_the_way() -> None:
    assert BOOK.rate("lambda.duration.x86_64", "us-east-1").value == Decimal("0.0000166667")


@pytest.mark.parametrize(
    ("id", "region", "value"),
    [
        ("lambda.requests.arm64", "eu-central-1", "0.0000002"),
        ("lambda.ephemeral", "ap-northeast-1", "0.0000000370"),
        ("http_api.requests", "ap-northeast-2", "0.00000123"),
        ("fargate.vcpu.x86_64", "ap-northeast-1", "0.05056"),
        ("ec2.m7g.large", "us-west-2", "0.0816"),
        ("ec2.t4g.micro", "eu-west-1", "0.0092"),
        ("ipv4.hours", "eu-west-1", "0.005"),
        ("ebs.gp3", "eu-central-1", "0.0952"),
    ],
)
def test_rates_are_found_by_id_and_region(id: str, region: str, value: str) -> None:
    assert BOOK.rate(id, region).value == Decimal(value)


def test_a_tariff_adds_up_its_tiers() -> None:
    # 10,240 GB at 9 cents, 40,960 at 8.5, 1,000 at 7, after 100 GB free of charge.
    tariff = BOOK.rate("egress", "us-east-1").tariff(BOOK.rate("egress.free", "us-east-1").value)
    assert tariff.at(100) == 0
    assert tariff.at(10_240 + 40_960 + 1_000 + 100) == Decimal("4473.2")


def test_every_priced_instance_type_has_a_shape_and_the_other_way_round() -> None:
    priced = {id.removeprefix("ec2.") for id, region in BOOK.rates if region == "us-east-1"}
    assert set(BOOK.instances) <= priced
    for id, _ in BOOK.rates:
        if re.fullmatch(r"ec2\.[a-z0-9-]+\.[a-z0-9]+", id) and not id.startswith("ec2.surplus"):
            assert id.removeprefix("ec2.") in BOOK.instances


@pytest.mark.parametrize("name", BOOK.instances)
def test_every_instance_type_has_savings_plans_that_save(name: str) -> None:
    listed, one, three = (
        BOOK.rates[f"{plan}ec2.{name}", "us-east-1"].value
        for plan in ("", "savings.1y.", "savings.3y.")
    )
    assert listed * Decimal("0.45") < three < one < listed * Decimal("0.75")


@pytest.mark.parametrize(
    ("name", "vcpu", "memory", "baseline"),
    [("t4g.small", 2, 2048, "0.20"), ("t3.xlarge", 4, 16384, "0.40"), ("c7g.medium", 1, 2048, "1")],
)
def test_shapes(name: str, vcpu: int, memory: int, baseline: str) -> None:
    shape = BOOK.instance(name)
    assert (shape.vcpu, shape.memory_mib, shape.baseline) == (vcpu, memory, Decimal(baseline))


def test_an_unknown_region_gets_a_suggestion_and_the_list() -> None:
    with pytest.raises(ConfigError, match="ap-northest-1") as caught:
        BOOK.rate("lambda.requests.arm64", "ap-northest-1")
    assert caught.value.hint is not None
    assert "did you mean ap-northeast-1?" in caught.value.hint
    assert "ap-northeast-2" in caught.value.hint


def test_a_rate_that_a_region_lacks_names_the_regions_that_have_it() -> None:
    with pytest.raises(ConfigError, match=r"cloudfront\.requests in sa-east-1") as caught:
        BOOK.rate("cloudfront.requests", "sa-east-1")
    assert caught.value.cause is not None
    assert "us-east-1" in caught.value.cause
    assert "sa-east-1" not in caught.value.cause


def test_an_unknown_instance_type_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"m7g\.lrage") as caught:
        BOOK.instance("m7g.lrage")
    assert caught.value.hint is not None
    assert "did you mean m7g.large?" in caught.value.hint
