from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ferryman.cost import Comparison, Workload, compare
from ferryman.cost.data import as_data
from ferryman.cost.figures import plain, rate_per_second, usd, volume
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.report import (
    assumption_table,
    bill_table,
    level_table,
    sentences,
    stretch_table,
)

WORK = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8, response_bytes=0, log_bytes=0)
FUNCTION = LambdaFunction(platform_logs=False)
LAMBDA, FARGATE = "Lambda arm64, Function URL", "Fargate arm64 0.25 vCPU 0.5 GB"


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(WORK, [FUNCTION, Fargate(), Ec2(sizing=Sizing(minimum=1))])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("12", "12"),
        ("950000", "950 k"),
        ("58782000", "58.8 M"),
        ("2000000", "2 M"),
        ("10000000000", "10,000 M"),
        ("0.0456", "0.0456"),
    ],
)
def test_volumes_are_written_to_three_digits(number: str, text: str) -> None:
    assert volume(Decimal(number)) == text


def test_other_figures() -> None:
    assert usd(Decimal("1234.505")) == "1,234.51"
    assert plain(Decimal("0.0000133334")) == "0.0000133334"
    assert plain(Decimal("1E+6")) == "1,000,000"
    assert rate_per_second(Decimal(58_782_000)) == "22.4"


def test_assumptions_are_told_from_what_was_given(found: Comparison) -> None:
    rows = {name: rest for name, *rest in assumption_table(found, frozenset({"cpu_ms"})).rows}
    assert rows["CPU time"] == ["given", "8 ms a request"]
    assert rows["wall time"] == ["assumed", "80 ms a request, as Lambda bills it"]
    assert rows[LAMBDA][1] == "the free tiers are left for it"
    assert rows[FARGATE][1] == (
        "at least 2 servers, 60 % of their CPU in the busy hour, 5 requests a connection"
    )
    assert rows["prices"][1].startswith("USD in us-east-1; book of")
    assert found.book.date in rows["prices"][1]


def test_levels_stand_side_by_side_with_the_cheapest_marked(found: Comparison) -> None:
    table = level_table(found)
    assert table.header == ("platform", "HA", "1 M requests", "10 M requests", "100 M requests")
    assert table.rows[0] == (LAMBDA, "yes", "0.00*", "1.85*", "68.32*")
    assert table.rows[1][2] == "2 servers  45.46 "
    assert table.rows[2][1:3] == ("no", "1 server  87.60 ")


def test_a_bill_is_printed_line_by_line_to_its_total(found: Comparison) -> None:
    bill = found.levels[1].bills[0]
    table = bill_table(bill)
    assert table.title == f"{LAMBDA} at 10 M requests a month"
    assert table.rows[0] == (
        "Lambda requests",
        "10,000,000",
        "request",
        "0.0000002",
        "1.80",
        "requests",
    )
    assert table.rows[1][5] == "requests x 0.08078 s x 0.5 GB"
    assert table.rows[-1] == ("total", "", "", "", usd(bill.total), "")


def test_the_cheapest_by_volume(found: Comparison) -> None:
    table = stretch_table(found)
    assert table.rows[0][2] == LAMBDA
    assert table.rows[0][0].startswith("0 to ")
    assert table.rows[-1][0].endswith(" to 10,000 M")


def test_one_crossing_in_a_sentence() -> None:
    single = compare(WORK, [LambdaFunction("http-api", platform_logs=False), Fargate()])
    assert sentences(single) == [
        f"{FARGATE} becomes cheaper than Lambda arm64, HTTP API above 29.6 M requests a month"
        " (11.3 a second) on 2 servers."
    ]


def test_several_crossings_in_a_sentence(found: Comparison) -> None:
    first, last = found.duels[0].changes[0], found.duels[0].changes[-1]
    assert len(found.duels[0].changes) == 3
    sentence = sentences(found)[0]
    assert f"{FARGATE} becomes cheaper than {LAMBDA} above {volume(first.requests)}" in sentence
    assert "they change places 3 times in all" in sentence
    assert f"{FARGATE} stays cheaper above {volume(last.requests)}" in sentence


def test_no_crossing_in_a_sentence() -> None:
    none = compare(WORK, [FUNCTION, Ec2()], horizon=Decimal(100_000_000))
    assert sentences(none) == [
        f"EC2 m7g.large is never cheaper than {LAMBDA} within 100 M requests a month"
        " (38.1 a second)."
    ]


def test_the_data_survive_json_with_their_sources(found: Comparison) -> None:
    data = json.loads(json.dumps(as_data(found)))
    assert data["schema"] == 2
    assert data["prices"] == {"date": found.book.date, "regions": ["us-east-1"]}
    assert data["workload"]["wall_ms"] == "80"
    bill = data["levels"][1]["bills"][1]
    assert bill["platform"] == FARGATE
    assert bill["servers"] == 2
    assert Decimal(bill["usd"]) == sum(Decimal(line["usd"]) for line in bill["lines"])
    assert bill["lines"][0]["rate"]["source"] == "https://aws.amazon.com/fargate/pricing/"
    assert len(data["crossovers"][0]["changes"]) == 3
    assert data["cheapest"][-1]["to"] == "10000000000"
