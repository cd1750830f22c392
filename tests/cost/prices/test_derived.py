"""Regions without a list of their own: every one is answered, and what was computed is said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from click.testing import CliRunner

from ferryman.cli.cost import command
from ferryman.cost import Choices, Workload, bill, load_book, make_platforms
from ferryman.cost.platforms.catalog import ALL, sold
from ferryman.cost.prices.derived import DERIVED

BOOK = load_book()
REGIONS = sorted(region for id, region in BOOK.rates if id == "lambda.duration.x86_64")
WORK = Workload.of(requests=10**7, wall_ms=100, cpu_ms=10)


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_of_lambda_compares_servers_with_it(region: str) -> None:
    choices = Choices(region=region, every_size=True)
    platforms, notes = sold(make_platforms(ALL, choices), WORK, BOOK)
    names = {platform.name for platform in platforms}
    assert {"Fargate arm64", "EC2 arm64", "EKS arm64", "Lambda arm64, HTTP API"} <= names
    # What is left out says which rate it is.
    assert all("no price for cloudfront." in note for note in notes)


def test_a_bill_says_what_was_computed_and_how_to_read_it() -> None:
    (platform,) = make_platforms(["fargate"], Choices(region="us-east-2"))
    (note,) = [x for x in bill(platform, WORK, BOOK).notes if "not read" in x]
    assert note.startswith(
        "rates computed from us-east-1, not read from a price list: fargate.vcpu.arm64"
    )
    assert note.endswith("`ferryman cost prices update --region us-east-2` reads the real ones")


def test_a_rate_that_was_read_is_not_computed() -> None:
    (platform,) = make_platforms(["fargate"], Choices(region="us-east-1"))
    assert not any("not read" in x for x in bill(platform, WORK, BOOK).notes)


def test_a_computed_rate_names_its_source() -> None:
    rate = BOOK.rate("alb.hours", "sa-east-1")
    assert rate.confidence == "computed"
    assert rate.source.startswith(DERIVED)
    assert rate.value == Decimal("0.0225") * Decimal("1.6154")


def test_egress_is_no_less_than_at_the_edge_of_the_area() -> None:
    assert BOOK.rate("egress", "ap-southeast-2").value == Decimal("0.114")
    assert BOOK.rate("egress", "us-east-2").value == Decimal("0.09")


def test_provisioned_concurrency_of_arm_follows_that_of_x86() -> None:
    there, here = (BOOK.rate("lambda.provisioned.x86_64", x) for x in ("us-east-1", "eu-west-1"))
    base = BOOK.rate("lambda.provisioned.arm64", "us-east-1")
    found = BOOK.rate("lambda.provisioned.arm64", "eu-west-1")
    assert float(found.value) == pytest.approx(float(base.value * here.value / there.value))


def test_the_command_line_answers_in_ohio() -> None:
    result = CliRunner().invoke(command, ["-C", "/", "--draws", "0", "--region", "us-east-2"])
    assert result.exit_code == 0
    assert "USD in us-east-2" in result.stdout
