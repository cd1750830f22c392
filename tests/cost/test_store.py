"""Data stores on every bill: a floor that moves no crossover."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost import Workload, compare, load_book
from ferryman.cost.number_format import usd
from ferryman.cost.platforms.catalog import USUAL, make_platforms
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.platforms.store import WithStores, parse_store

WORK = Workload.of(requests=10**7, wall_ms=100, cpu_ms=10)


def cost_of(text: str, region: str = "us-east-1") -> str:
    """What a store adds to the bill of one platform, in USD."""
    (platform,) = make_platforms(["lambda-url"])
    stored = WithStores(platform, (parse_store(text),), region)
    return usd(bill(stored, WORK, load_book()).total - bill(platform, WORK, load_book()).total)


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("rds:db.t4g.micro", "13.98"),  # 730 x 0.016 + 20 x 0.115
        ("rds:db.t4g.micro/5", "13.98"),  # 20 GB are the least there are
        ("rds:db.t4g.micro/100", "23.18"),
        ("rds-multi-az:db.t4g.micro", "27.96"),
        ("rds-multi-az:db.t4g.micro/100", "46.36"),
        ("rds-multi-az:db.t4g.medium", "98.77"),  # 730 x 0.129 + 40 x 0.115, not twice one zone
        ("elasticache:t4g.micro", "11.68"),
        ("elasticache:valkey.t4g.micro", "9.34"),
        ("dynamodb", "7.50"),  # 10 M x (0.125 + 0.625) a million
        ("dynamodb:2/0.5", "5.63"),
        ("dynamodb:2", "8.75"),
        ("dynamodb:0/0", "0.00"),
        ("dynamodb:0/0/25", "0.00"),
        ("dynamodb:0/0/125", "25.00"),
        ("upstash", "20.00"),  # 10 M x 0.20 per 100,000
        ("upstash:0.5/5", "11.00"),  # and 4 GB beyond the free one at 0.25
        ("aurora-serverless", "45.90"),  # 730 x 0.5 x 0.12 + 0.10 + 10 M x 0.20 a million
        ("aurora-serverless:2/10/0", "176.20"),
        ("rds-proxy", "21.90"),  # 730 x 2 x 0.015
        ("rds-proxy:1", "21.90"),  # two vCPUs are billed at least
        ("rds-proxy:8", "87.60"),
    ],
)
def test_what_a_store_costs(text: str, dollars: str) -> None:
    assert cost_of(text) == dollars


@pytest.mark.parametrize(
    "text", ["", "rds", "rds:", "mysql:db.t4g.micro", "rds:db.t4g.micro/x", "dynamodb:-1/2",
             "dynamodb:NaN", "dynamodb:1/1/1/1", "rds:/20", "rds:db.t4g.micro/20/2",
             "elasticache:t4g.micro/20", "upstash:1/2/3", "rds-proxy:x"],
)  # fmt: skip
def test_what_is_no_store_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a store"):
        parse_store(text)


def test_a_region_without_the_price_has_a_computed_one() -> None:
    # 730 x 0.016 and 20 x 0.115, at what t3 costs in Ireland over us-east-1.
    assert float(cost_of("rds:db.t4g.micro", "eu-west-1")) == pytest.approx(
        13.98 * 1.0962, abs=0.01
    )


def test_an_unknown_type_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match="in any region") as raised:
        cost_of("rds:db.t4g.mikro")
    assert "did you mean rds.db.t4g.micro?" in str(raised.value.hint)


def test_stores_raise_every_bill_alike_and_move_no_crossover() -> None:
    plain = make_platforms(USUAL)
    stores = (parse_store("rds:db.t4g.micro"), parse_store("dynamodb"))
    stored = tuple(WithStores(platform, stores, "us-east-1") for platform in plain)
    without, within = compare(WORK, plain), compare(WORK, stored)
    assert [duel.changes[0].requests for duel in without.duels] == [
        duel.changes[0].requests for duel in within.duels
    ]
    pairs = zip(without.own.bills, within.own.bills, strict=True)
    assert {after.total - before.total for before, after in pairs} == {Decimal("21.48")}
    assert "one zone" in " ".join(within.notes)
