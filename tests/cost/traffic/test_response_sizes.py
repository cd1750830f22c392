"""Responses of different sizes: what is billed for each is not what is billed for their mean."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy
import pytest
from click.testing import CliRunner

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError
from ferryman.cost import Workload, bill, load_book
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.traffic.log_summary import from_tally
from ferryman.cost.traffic.record import Record
from ferryman.cost.traffic.response_sizes import parse_sizes
from ferryman.cost.traffic.tally import Tally

MIB = 2**20


def amount(item: str, function: LambdaFunction, workload: Workload) -> Decimal:
    """USD of one line of a bill."""
    lines = bill(function, workload, load_book()).lines
    return next(line.amount for line in lines if line.item == item)


def workload(text: str, requests: int) -> Workload:
    sizes = parse_sizes("sizes", text)
    return Workload.of(None, sizes, requests=requests, wall_ms=100, cpu_ms=10, request_bytes=0)


def test_a_response_of_seven_mib_among_three_small_ones_pays_for_one() -> None:
    function = LambdaFunction(streaming=True, free_tiers=frozenset())
    work = workload("1KB:3,7MB:1", 4_000_000)
    # A million of them stream 1 MiB each beyond the free six: 976.5625 GB at 0.008 USD.
    assert amount("Lambda response streaming", function, work) == Decimal("7.8125")
    assert work.response_bytes == (3 * 1024 + 7 * MIB) / Decimal(4)


def test_the_mean_alone_pays_nothing_below_six_mib() -> None:
    function = LambdaFunction(streaming=True, free_tiers=frozenset())
    work = Workload.of(requests=4_000_000, wall_ms=100, cpu_ms=10, response_bytes=1_835_776)
    assert amount("Lambda response streaming", function, work) == 0


def test_an_http_api_meters_each_response_by_itself() -> None:
    function = LambdaFunction("http-api")
    # 99 of one step, one of three: 1.02 units a request.
    work = workload("100KB:99%,1200KB:1%", 1_000_000)
    assert amount("HTTP API requests", function, work) == Decimal("1.02")


def test_a_small_mean_does_not_hide_a_response_that_no_door_lets_through() -> None:
    made = bill(LambdaFunction("alb"), workload("1KB:999,7MB:1", 1000), load_book())
    assert any("rejects bodies above 1 MiB" in note for note in made.notes)
    assert any("must stream" in note for note in made.notes)


def test_sizes_follow_a_mean_that_is_drawn() -> None:
    sizes = parse_sizes("sizes", "0:1,2MB:1")
    drawn = sizes.mean_of(lambda size: numpy.maximum(size - MIB, 0), numpy.array([1.0, 2.0]) * MIB)
    assert drawn.tolist() == [0.5 * MIB, 1.5 * MIB]


def test_a_log_gives_the_large_ones_and_their_mean() -> None:
    tally = Tally()
    for size in (1000, 2000, 7 * MIB, 9 * MIB):
        tally.add(Record(bytes_out=size))
    sizes = from_tally(tally, ("log",), "log").sizes
    assert sizes is not None
    assert sizes.mean == Fraction(3000 + 16 * MIB, 4)
    assert float(sizes.largest) == pytest.approx(9 * MIB, rel=0.02)


def test_a_log_of_small_ones_needs_no_sizes() -> None:
    tally = Tally()
    tally.add(Record(bytes_out=1000))
    assert from_tally(tally, ("log",), "log").sizes is None


@pytest.mark.parametrize("text", ["", "3KB", "3KB:0", "3KB:-1", "2GB:1", "-1:1", "1e30:1", "a:b"])
def test_what_says_no_sizes_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_sizes("--response-sizes", text)


def test_the_flag_sets_the_mean_and_excludes_it() -> None:
    arguments = ["-C", "/", "--draws", "0", "--json", "--response-sizes", "1KB:3,7MB:1"]
    result = CliRunner().invoke(command, arguments)
    assert json.loads(result.stdout)["workload"]["response_bytes"] == "1835776"
    both = CliRunner().invoke(command, [*arguments, "--response-bytes", "5"])
    assert isinstance(both.exception, ConfigError)


def test_the_sizes_of_a_log_reach_the_bill(tmp_path: Path) -> None:
    line = '192.0.2.9 - - [05/Jan/2026:09:00:00 +0000] "GET /x HTTP/1.1" 200 {} "-" "curl" 0.025\n'
    (tmp_path / "access.log").write_text("".join(line.format(n) for n in (9, 9, 9, 7 * MIB)))
    arguments = ["-C", "/", "--draws", "0", "--json", "--streaming", "--no-free-tier", "lambda"]
    result = CliRunner().invoke(command, [*arguments, "--logs", str(tmp_path / "access.log")])
    lines = json.loads(result.stdout)["levels"][0]["bills"][0]["lines"]
    streamed = next(x for x in lines if x["item"] == "Lambda response streaming")
    # A quarter of a million responses stream 1 MiB each: 244 GB.
    assert float(streamed["quantity"]) == pytest.approx(250_000 / 1024, rel=0.001)
