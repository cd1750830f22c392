from __future__ import annotations

import json
from decimal import Decimal
from itertools import permutations

import pytest

from ferryman.cost import Workload, compare
from ferryman.cost.answer_json import answer_json
from ferryman.cost.answer_tables import (
    bill_table,
    level_table,
    platform_table,
    price_row,
    stretch_table,
    workload_table,
)
from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import plain, rate_per_second, usd, volume
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.fargate import Fargate
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.sentences import band_sentence, duel_sentence
from ferryman.cost.study import Study, make_study
from ferryman.cost.uncertainty import Band

WORK = Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8, response_bytes=0, log_bytes=0)
FUNCTION = LambdaFunction(platform_logs=False)
LAMBDA, FARGATE = "Lambda arm64, Function URL", "Fargate arm64 0.25 vCPU 0.5 GB"


def sentences(found: Comparison) -> list[str]:
    return [duel_sentence(duel, found.horizon) for duel in found.duels]


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
    rows = {name: rest for name, *rest in workload_table(found, {"cpu_ms": "given"}).rows}
    assert rows["CPU time"] == ["given", "8 ms a request"]
    assert rows["wall time"] == ["assumed", "80 ms a request, as Lambda bills it"]
    platforms = {row[0]: row[1] for row in platform_table(found).rows}
    assert platforms[LAMBDA] == "with all free tiers"
    assert platforms[FARGATE] == (
        "at least 2 servers, at most 60 % CPU in the busy hour, 5 requests per connection"
    )
    assert price_row(found).startswith("USD in us-east-1; price book of")
    assert found.book.date in price_row(found)


def test_levels_stand_side_by_side_with_the_cheapest_marked(found: Comparison) -> None:
    table = level_table(found)
    levels = ("1 M requests", "10 M requests", "100 M requests")
    assert table.header == ("platform", "HA", *levels, "a year at 10 M")
    assert table.rows[0] == (LAMBDA, "yes", "0.00*", "1.85*", "68.32*", "22.22")
    assert table.rows[1][2] == "2 servers  45.46 "
    assert table.rows[2][1:3] == ("no", "1 server  87.60 ")


def test_a_bill_is_printed_line_by_line_to_its_total(found: Comparison) -> None:
    bill = found.levels[1].bills[0]
    table = bill_table(bill)
    assert table.title == f"{LAMBDA} at 10 M requests a month"
    assert table.rows[0] == (
        "Lambda requests",
        "10,000,000",
        "1,000,000",
        "9,000,000",
        "0.2 a million requests",
        "1.80",
        "requests",
    )
    assert table.rows[1][6] == "requests x 0.08078 s x 0.5 GB"
    assert table.rows[-1] == ("total", "", "", "", "", usd(bill.total), "")


def test_a_rate_with_tiers_has_a_row_for_each(found: Comparison) -> None:
    """153,000 GB leave: 100 free, then 10 TB, 40 TB and 100 TB at three prices."""
    work = Workload.of(requests=160_000_000, wall_ms=80, cpu_ms=8, response_bytes=1 << 20)
    rows = bill_table(compare(work, [FUNCTION]).own.bills[0]).rows
    place = next(i for i, row in enumerate(rows) if row[0] == "Egress to the internet")
    assert [row[3:6] for row in rows[place : place + 4]] == [
        ("10,240", "0.09 a GB", "921.60"),
        ("40,960", "0.085 a GB", "3,481.60"),
        ("102,400", "0.07 a GB", "7,168.00"),
        ("2,550", "0.05 a GB", "127.50"),
    ]


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
    ends = f"between {volume(first.requests)} and {volume(last.requests)} requests a month"
    assert f"{FARGATE} becomes cheaper than {LAMBDA} {ends}" in sentences(found)[0]


def test_no_crossing_in_a_sentence() -> None:
    none = compare(WORK, [FUNCTION, Ec2()], horizon=Decimal(100_000_000))
    assert sentences(none) == [
        f"EC2 m7g.large is not cheaper than {LAMBDA} up to 100 M requests a month (38.1 a second)."
    ]


def test_the_data_survive_json_with_their_sources(found: Comparison) -> None:
    data = json.loads(json.dumps(answer_json(Study(found))))
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


def test_the_same_origins_give_the_same_bytes_in_any_order(found: Comparison) -> None:
    origins = {"requests": "given", "cpu_ms": "measured", "wall_ms": "logs"}
    texts = {
        json.dumps(answer_json(Study(found, origins=dict(pairs))))
        for pairs in permutations(origins.items())
    }
    assert len(texts) == 1


def test_a_band_without_width_says_what_makes_it_certain() -> None:
    """5 ms at 128 MiB are within the free tier far beyond the crossover, so are logs and egress."""
    work = Workload.of(
        requests=1_000_000, wall_ms=2, cpu_ms=1, memory_mib=128, response_bytes=100, log_bytes=0
    )
    platforms: list[Platform] = [LambdaFunction("http-api", platform_logs=False), Ec2("t4g.nano")]
    study = make_study(compare(work, platforms, horizon=Decimal(10**8)), draws=200)
    band = study.bands[0]
    assert band.low
    assert band.high
    assert volume(Decimal(band.low)) == volume(Decimal(band.high))
    told = band_sentence(study, band)
    assert told.startswith("It is certain: there Lambda duration")
    assert "stay within the free tier" in told


def test_a_band_that_ends_in_never_says_the_chance() -> None:
    band = Band("a", "b", 1e6, 2e6, None, 0.2)
    told = band_sentence(Study(compare(WORK)), band)
    assert told == "One draw in twenty lies below 1 M; in 20% of the draws there is no crossover."
