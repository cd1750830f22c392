"""`ferryman build -t all`: every target at once, and a table of the results."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

from ferryman.building.artifact import Artifact, describe, staged
from ferryman.cli.main import cli
from ferryman.core.errors import BuildError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets import registry


class Options(BaseModel):
    cargo: str = "fish"
    strict: bool = False


class Boat:
    """A target that sails when the whole fleet is there, and sinks when its cargo is `stones`."""

    summary = "a boat"
    options = Options

    def __init__(self, name: str, together: Barrier) -> None:
        self.name = name
        self.together = together

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        self.together.wait(10)
        options = project.section(self.name, Options)
        with staged(out) as stage:
            (stage / "cargo").write_text(f"{options.cargo} {options.strict}")
            if options.cargo == "stones":
                raise BuildError("the boat sank", hint="carry fish")
        made = describe(target=self.name, name="shop", version="1", path=out, start="row")
        return replace(made, unpacked=5 * 2**20, layers=("hull", options.cargo))


@pytest.fixture(autouse=True)
def fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FERRYMAN_")]:
        monkeypatch.delenv(name)
    together = Barrier(2)
    boats = {name: Boat(name, together) for name in ("barge", "canoe")}
    monkeypatch.setattr(registry, "installed_targets", lambda: boats)


def build(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["build", "-t", "all", "-C", str(root), *arguments])


def cells(done: Result) -> dict[str, list[str]]:
    lines = [line.split() for line in done.stdout.splitlines()[2:] if line]
    return {line[0]: line[1:] for line in lines}


def test_every_target_is_built_at_the_same_time(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.exit_code == 0, done.output
    for name in ("barge", "canoe"):
        assert (tmp_path / "dist" / name / "cargo").read_text() == "fish False"
        assert json.loads((tmp_path / f"dist/{name}.json").read_text())["target"] == name


def test_the_table_tells_sizes_and_the_layers_that_stayed(tmp_path: Path) -> None:
    first, again = build(tmp_path), build(tmp_path)
    edited = build(tmp_path, "--set", "canoe.cargo=salt")
    path = os.path.relpath(tmp_path / "dist/canoe")
    assert cells(first)["canoe"][:-1] == [path, "10", "bytes", "5", "MiB", "0", "of", "2"]
    assert cells(again)["canoe"][5:8] == ["2", "of", "2"]
    assert cells(edited)["canoe"][5:8] == ["1", "of", "2"]
    assert cells(edited)["barge"][5:8] == ["2", "of", "2"]


def test_one_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    done = build(tmp_path, "--set", "barge.cargo=stones")
    assert done.exit_code == 1
    assert cells(done)["barge"][:3] == ["failed:", "see", "below"]
    assert done.stderr == "barge:\nerror: the boat sank\nhint: carry fish\n"
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == ["canoe", "canoe.json"]


def test_json_has_an_entry_for_each(tmp_path: Path) -> None:
    done = build(tmp_path, "--json", "--set", "barge.cargo=stones")
    barge, canoe = json.loads(done.stdout)
    assert (barge["target"], barge["artifact"]) == ("barge", None)
    assert barge["error"] == "the boat sank"
    assert canoe["artifact"]["path"] == str(tmp_path / "dist/canoe")
    assert canoe["seconds"] > 0


def test_a_switch_reaches_the_targets_that_have_it(tmp_path: Path) -> None:
    done = build(tmp_path, "--strict", "--systemd")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "dist/barge/cargo").read_text() == "fish True"


def test_a_directory_of_ones_own_holds_the_targets(tmp_path: Path) -> None:
    project, out = tmp_path / "project", tmp_path / "out"
    project.mkdir()
    assert build(project, "-o", str(out)).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        *("barge", "barge.json", "canoe", "canoe.json")
    ]


def test_the_work_of_others_is_not_replaced(tmp_path: Path) -> None:
    theirs = tmp_path / "out/canoe/theirs"
    theirs.parent.mkdir(parents=True)
    theirs.touch()
    done = build(tmp_path, "-o", str(tmp_path / "out"))
    assert "no build of ferryman made" in str(done.exception)
    assert theirs.exists()
    assert not (tmp_path / "out/barge").exists()


@pytest.mark.parametrize(
    "arguments", [("--explain",), ("--profile",), ("--push", "r.example/a:1"), ("-o", "-")]
)
def test_what_is_of_one_target_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = build(tmp_path, *arguments)
    assert done.exit_code == 2
    assert "need one target" in done.output


def test_what_cannot_be_started_here_has_no_time(tmp_path: Path) -> None:
    result = build(tmp_path, "--measure")
    assert result.exit_code == 0, result.output
    assert "start, ms" in result.stdout
    entries = json.loads(build(tmp_path, "--measure", "--json").stdout)
    assert [entry["start_ms"] for entry in entries] == [None, None]


def test_one_target_s_start_is_asked_for_elsewhere(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["build", "-t", "barge", "-C", str(tmp_path), "--measure"])
    assert result.exit_code == 2
    assert "ferryman measure" in result.output
