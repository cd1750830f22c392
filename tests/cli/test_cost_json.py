"""What `ferryman cost --json` prints is what the schema and the page say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from ferryman.cli.cost import command

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA = json.loads((REFERENCE / "cost.schema.json").read_text())

ANSWERS = {
    "as it comes": (),
    "one of each": ("--all", "--pairs", "--at", "1G", "--horizon", "100M"),
    "nothing drawn": ("--draws", "0"),
    "all that can be asked": (
        *("--growth", "0.1", "--months", "6", "--advise-memory", "--over", "memory"),
        *("--shape", "office", "--autoscale", "--flat", "mine=5/2/4", "--store", "dynamodb"),
        *("--range", "wall-ms=80:100:150", "--platform", "lambda-url", "--platform", "fargate"),
    ),
    "a box that is full": ("--platform", "box", "--requests", "10G", "--growth", "0.5"),
    "another region": ("--region", "sa-east-1", "--all", "--draws", "0"),
}


def answer(*flags: str) -> Any:
    result = CliRunner().invoke(command, [*flags, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_as_the_schema_says(name: str) -> None:
    Draft202012Validator(SCHEMA).validate(answer(*ANSWERS[name]))


def test_a_log_is_a_part_of_the_answer(tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    log.write_text("\n".join(f"{1_704_067_200 + 10 * n},25.5" for n in range(1000)))
    data = answer("--logs", str(log))
    Draft202012Validator(SCHEMA).validate(data)
    assert data["found"]["requests"] == 1000
    assert data["origins"]["wall_ms"] == "logs"


def test_what_is_printed_as_text_is_in_the_data() -> None:
    data = answer(*ANSWERS["all that can be asked"])
    assert data["growth"]["current"] == "Lambda arm64, Function URL"
    assert len(data["growth"]["months"]) == 6
    assert data["memory"]["fastest"] == 1769
    assert [pair["second"] for pair in data["over"]["pairs"]] == [
        "Fargate arm64",
        "mine",
    ]
    assert [x["input"] for x in data["influences"]["inputs"]] == ["wall_ms"]
    left_out = answer(*ANSWERS["another region"])["notes"][0]
    assert left_out.startswith("Lambda arm64, CloudFront is left out")


def names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from names(part)


def test_the_page_names_every_field() -> None:
    page = (REFERENCE / "cost-json.md").read_text()
    told = {part for code in re.findall(r"`([^`]+)`", page) for part in re.split(r"[.\[\]]+", code)}
    workload = set(SCHEMA["properties"]["workload"]["properties"])
    assert set(names(SCHEMA)) - workload - told == set()


@pytest.mark.parametrize("flag", ["--compare", "--prices"])
def test_a_file_of_another_kind_is_told_in_words(tmp_path: Path, flag: str) -> None:
    (tmp_path / "other.json").write_text("{}")
    command = [sys.executable, "-m", "ferryman", "cost", flag]
    for name, cause in (("other", "it has no key 'schema'"), ("none", "No such file or directory")):
        done = subprocess.run(
            [*command, f"{name}.json"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1] == f"cause: {cause}"
