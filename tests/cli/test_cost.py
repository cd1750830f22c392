from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_without_flags_it_answers_and_says_that_the_durations_are_assumed() -> None:
    result = run()
    assert result.exit_code == 0
    assert "the durations are assumed" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "Assumptions"
    assert any(
        line.split() == ["CPU", "time", "assumed", "10", "ms", "a", "request"] for line in lines
    )
    assert "USD in us-east-1;" in result.stdout
    assert "becomes cheaper than Lambda arm64, Function URL above" in result.stdout


def test_what_is_given_is_not_called_assumed() -> None:
    result = run("--wall-ms", "80", "--cpu-ms", "8")
    assert result.stderr == ""
    line = next(line for line in result.stdout.splitlines() if "CPU time" in line)
    assert "given" in line


def test_the_order_is_assumptions_then_levels_then_crossovers() -> None:
    out = run("--requests", "5M", "--at", "2.5k", "--at", "1e6").stdout
    places = [out.index(text) for text in ("Assumptions", "USD a month", "Cheapest,", "Crossovers")]
    assert places == sorted(places)
    header = next(line for line in out.splitlines() if "HA" in line)
    assert re.split(r"\s{2,}", header)[-3:] == ["2.5 k requests", "1 M requests", "5 M requests"]


def test_the_bills_are_printed_on_request() -> None:
    assert "Public IPv4 of the tasks" not in run().stdout
    assert "Public IPv4 of the tasks" in run("--lines").stdout


def test_json_is_all_there_is_on_standard_output() -> None:
    result = run("--json", "--wall-ms", "80", "--cpu-ms", "8", "--requests", "10M")
    data = json.loads(result.stdout)
    assert [level["requests"] for level in data["levels"]] == ["1000000", "10000000", "100000000"]
    assert Decimal(data["crossovers"][0]["changes"][0]["requests"]) > 10_000_000


def test_the_platforms_follow_the_flags() -> None:
    out = run(
        *("--front-door", "http-api", "--architecture", "x86_64", "--instance", "t3.small"),
        *("--task", "1/2", "--minimum", "1", "--region", "eu-west-1"),
    ).stdout
    rows = [line.split("  ")[1] for line in out.splitlines() if "yes" in line or " no " in line]
    assert rows == ["Lambda x86_64, HTTP API", "Fargate x86_64 1 vCPU 2 GB", "EC2 t3.small"]
    assert "USD in eu-west-1;" in out


def test_the_free_tier_can_be_left_out() -> None:
    with_it, without = (
        json.loads(run("--json", flag).stdout)["levels"][0]["bills"][0]["usd"]
        for flag in ("--free-tier", "--no-free-tier")
    )
    assert (with_it, Decimal(without) > 0) == ("0", True)


def test_a_rate_that_is_not_verified_is_said_on_standard_error() -> None:
    result = run("--region", "eu-central-1", "--front-door", "function-url")
    assert "note: the rate egress in eu-central-1 is unverified" in result.stderr
    assert "note:" not in result.stdout


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "cost.svg"
    result = run("--picture", str(path))
    assert path.read_text().startswith("<?xml")
    assert f"drew {path}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--requests", "10X"), "--requests: '10X' is not a number"),
        (("--requests", "M"), "--requests: 'M' is not a number"),
        (("--requests", "-5"), "requests: -5 is out of range"),
        (("--at", "many"), "--at: 'many' is not a number"),
        (("--at", "-1"), "requests: -1 is out of range"),
        (("--task", "1"), "--task: '1' is not a task size"),
        (("--task", "1/x"), "--task: 'x' is not a number"),
        (("--task", "1/100"), "Fargate has no tasks of 1 vCPU with 100 GB"),
        (("--cpu-ms", "200"), "cpu_ms: 200 ms of CPU do not fit into 100 ms of wall time"),
        (("--memory", "64"), "memory_mib: 64 is out of range"),
        (("--region", "mars-1"), "no prices for the region 'mars-1'"),
        (("--region", "eu-central-1"), "no price for http_api.requests in eu-central-1"),
        (("--instance", "m9.huge"), "no prices for the instance type 'm9.huge'"),
        (("--minimum", "0"), "minimum: 0 servers cannot answer"),
        (("--horizon", "0"), "horizon: 0 is not a volume"),
        (("--picture", "cost.gif"), "cost.gif: cannot draw a .gif"),
    ],
)
def test_bad_input_is_a_configuration_error(arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert message in result.exception.message
    assert result.stdout == ""
