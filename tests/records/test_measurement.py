"""The file of a measurement: what is written is read, and what cannot be is named."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ferryman.core.errors import ConfigError
from ferryman.records.measurement import (
    Arrivals,
    Cost,
    Estimate,
    Load,
    Machine,
    Measurement,
    Route,
    Scaling,
    TargetFigures,
)
from ferryman.records.measurement_file import read_measurement, to_json, write_measurement

TEN = Estimate(10.0, 9.5, 10.5)


def figures(cpu: Estimate = TEN) -> TargetFigures:
    wall = Estimate(40.0, 39.0, 41.0)
    cost = Cost(100, 0, cpu, wall, 20.0, 1000.0, 39.0, 50.0, 60.0)
    return TargetFigures(
        total=cost,
        routes=(Route("GET", "/", 1.0, cost),),
        init_ms=Estimate(500.0, 480.0, 520.0),
        memory_rest_mib=Estimate(50.0, 50.0, 50.0),
        memory_load_mib=Estimate(80.0, 78.0, 82.0),
        loads=(
            Load(1, 25.0, 1.0, 0.25, 55.0, 39.0, 50.0, 60.0),
            Load(16, 98.0, 16.0, 0.98, 85.0, 160.0, 170.0, 180.0),
        ),
        capacity=Estimate(100.0, 95.0, 105.0),
    )


def measurement(**targets: TargetFigures) -> Measurement:
    return Measurement(
        ferryman="0.1.0",
        app="shop:app",
        taken="2026-01-05T00:00:00+00:00",
        machine=Machine(2, "a processor", "3.13.0", 0.01),
        scenario="traffic.toml",
        targets=targets or {"server": figures(), "lambda": figures()},
    )


def changed(path: Path, *keys: str, to: Any) -> Path:
    data = json.loads(to_json(measurement()))
    place = data
    for key in keys[:-1]:
        place = place[int(key) if isinstance(place, list) else key]
    if to is KeyError:
        del place[keys[-1]]
    else:
        place[keys[-1]] = to
    path.write_text(json.dumps(data))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    write_measurement(path, measurement())
    assert read_measurement(path) == measurement()
    assert [each.name for each in tmp_path.iterdir()] == ["m.json"]


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "none" / "m.json"
    with pytest.raises(ConfigError, match=r"none/m\.json cannot be written"):
        write_measurement(path, measurement())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"schema": true}', '{"schema": 2}'])
def test_a_file_that_is_no_measurement(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(ConfigError, match=r"m\.json") as caught:
        read_measurement(tmp_path / "m.json")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("keys", "to", "message"),
    [
        (("app",), KeyError, "app: it is missing"),
        (("colour",), 1, "colour: unknown key"),
        (("machine", "cpus"), "two", "machine.cpus: 'two' is not a whole number"),
        (("machine", "load"), float("nan"), "machine.load: nan is not finite"),
        (("targets", "server", "routes"), {}, "targets.server.routes: it is not a list"),
        (("targets", "server", "total", "cpu_ms", "low"), 11.0, "do not rise"),
        (("targets", "server", "total", "errors"), 200, "more than the 100 requests"),
        (("targets", "lambda", "total", "p95_ms"), 1.0, "do not rise"),
        (("targets", "lambda", "total", "requests"), -1, "it is negative"),
        (("targets", "server", "routes", "0", "share"), 0.5, "add up to 0.5, not to 1"),
        (("targets", "server", "capacity", "value"), -1.0, "do not rise"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, keys: tuple[str, ...], to: Any, message: str
) -> None:
    path = changed(tmp_path / "m.json", *keys, to=to)
    with pytest.raises(ConfigError) as caught:
        read_measurement(path)
    assert message in caught.value.message
    assert caught.value.hint == "measure again"


def test_the_page_of_the_schema_names_every_field(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "measure-json.md").read_text()
    kinds = (Measurement, Machine, TargetFigures, Cost, Route, Load, Arrivals, Scaling, Estimate)
    for name in {field.name for kind in kinds for field in fields(kind)} | {"schema"}:
        assert re.search(rf"`{name}(\[\])?`", page), name
