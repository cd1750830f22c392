"""``ferryman cost --measured``: a measurement in place of assumptions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.records.test_measurement import changed, measurement

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError
from ferryman.records.measurement_file import write_measurement


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, (*arguments, "--assumptions"))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "ferryman-measure.json"
    write_measurement(path, measurement())
    return str(path)


def test_what_was_measured_is_said_to_be(file: str) -> None:
    done = run("--measured", file, "--requests", "20M", "--memory", "1769")
    assert re.search(r"wall time\s+measured\s+40.5 ms", done.stdout)
    assert re.search(r"CPU time\s+measured\s+10 ms", done.stdout)
    assert re.search(r"server process\s+measured\s+55 MiB", done.stdout)
    assert re.search(r"requests\s+given\s+20,000,000", done.stdout)
    assert re.search(r"logs\s+assumed\s+250 bytes", done.stdout)
    assert "the durations are assumed" not in done.stderr


def test_a_flag_is_stronger_than_a_measurement(file: str) -> None:
    out = run("--measured", file, "--cpu-ms", "5").stdout
    assert re.search(r"CPU time\s+given\s+5 ms", out)
    assert re.search(r"wall time\s+measured", out)


def test_a_log_is_stronger_and_a_measurement_adds_the_cpu_time(file: str, tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    log.write_text("\n".join(f"{1_704_067_200 + 10 * n},25.5" for n in range(1000)))
    out = run("--measured", file, "--logs", str(log)).stdout
    assert re.search(r"wall time\s+logs\s+26 ms", out)
    assert re.search(r"CPU time\s+measured\s+10 ms", out)


def test_cpu_time_that_does_not_fit_into_the_log_s_durations_is_noted(
    file: str, tmp_path: Path
) -> None:
    log = tmp_path / "traffic.log"
    log.write_text("\n".join(f"{1_704_067_200 + 10 * n},3" for n in range(1000)))
    done = run("--measured", file, "--logs", str(log))
    assert re.search(r"CPU time\s+measured\s+3 ms", done.stdout)
    assert "note: 10 ms of CPU were measured, and 3 fit into the duration" in done.stderr


def test_the_bands_come_from_the_intervals(file: str, tmp_path: Path) -> None:
    narrow = json.loads(run("--measured", file, "--memory", "1769", "--json").stdout)
    assert narrow["origins"]["cpu_ms"] == "measured"
    wide = tmp_path / "wide.json"
    spread = {"value": 40.0, "low": 20.0, "high": 60.0}
    changed(wide, "targets", "lambda", "total", "wall_ms", to=spread)
    wider = json.loads(run("--measured", str(wide), "--memory", "1769", "--json").stdout)
    assert wider["workload"] == narrow["workload"]
    first, second = narrow["bands"][0], wider["bands"][0]
    assert float(second["high"]) - float(second["low"]) > float(first["high"]) - float(first["low"])


def test_memory_is_advised_from_what_the_function_needs(file: str) -> None:
    out = run("--measured", file, "--advise-memory").stdout
    assert re.search(r"Lambda by memory size\n.*\n\s+128 ", out)


def test_the_page_says_where_each_figure_comes_from(file: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("--measured", file, "--html", str(page)).exit_code == 0
    assert re.search(r"CPU time</th><td[^>]*>measured</td>", page.read_text())


def test_it_may_stand_in_pyproject(file: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.ferryman.cost]\nmeasured = "{file}"\n')
    assert re.search(r"CPU time\s+measured", run("-C", str(tmp_path)).stdout)


def test_a_file_that_is_no_measurement_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    error = run("--measured", str(tmp_path / "m.json")).exception
    assert isinstance(error, ConfigError)
    assert error.exit_code == 2


def test_a_forced_measurement_is_doubted_where_the_answer_begins(file: str, tmp_path: Path) -> None:
    write_measurement(Path(file), replace(measurement(), doubts=("the machine was busy",)))
    page = tmp_path / "report.html"
    done = run("--measured", file, "--requests", "20M", "--html", str(page))
    assert done.stdout.startswith("Doubtful (measured with --force): ")
    assert "note: the measurement was doubtful: the machine was busy" in done.stderr
    assert "<h1>Doubtful" in page.read_text()
    as_json = json.loads(run("--measured", file, "--json").stdout)
    assert as_json["answer"].startswith("Doubtful")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import asyncpg", "--store rds:"),
        ("import redis.asyncio", "--store elasticache:"),
        ("def connect():\n    from motor import core", "no price for MongoDB"),
        ("import json", ""),
    ],
)
def test_a_database_that_is_not_on_the_bill_is_named(
    tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop.web:app"\n')
    (tmp_path / "report.py").write_text("import redis  # a script of its own, which does not ship")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "web.py").write_text("from aiohttp import web\napp = web.Application()\n")
    (tmp_path / "shop" / "db.py").write_text(source)
    told = run("-C", str(tmp_path)).stderr
    assert ("no database is on the bill" in told) == bool(said)
    assert said in told
    named = re.search(r"--store (\S+)", told)
    billed = run("-C", str(tmp_path), "--store", named[1] if named else "dynamodb")
    assert billed.exit_code == 0
    assert "no database is on the bill" not in billed.stderr


def test_what_was_measured_has_three_digits_and_what_is_given_is_repeated(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    changed(path, "targets", "server", "total", "response_bytes", to=1138.7)
    out = run("--measured", str(path), "--requests", "1234567", "--wall-ms", "80.25").stdout
    assert re.search(r"response\s+measured\s+1,139 bytes", out)
    assert re.search(r"wall time\s+given\s+80.25 ms", out)
    assert re.search(r"requests\s+given\s+1,234,567 a month", out)
