"""The verbs on what is deployed take their options from the target that -t names."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import click
import pytest
from click.testing import CliRunner

from ferryman.cli.deploy import command as deploy
from ferryman.cli.project_options import project_target
from ferryman.cli.status import command as status
from ferryman.core.errors import ConfigError
from ferryman.targets import registry as targets
from ferryman.targets.deployment import (
    Change,
    Choices,
    Dialogue,
    LogLine,
    Release,
    Status,
    VerbOption,
)
from ferryman.targets.registry import installed_targets

VERBS = ("deploy", "diff", "status", "rollback", "logs", "delete")


@dataclass
class HarborPlan:
    changes: Sequence[Change]
    question: str | None


class Harbor:
    """A target of somebody else's, which deploys to a list."""

    name = "harbor"
    summary = "a harbor"
    options = installed_targets()["server"].options
    capabilities = installed_targets()["server"].capabilities
    runs_like = None
    verb_options: ClassVar[tuple[VerbOption, ...]] = (
        VerbOption(("--berth",), "The berth.", metavar="NAME"),
        VerbOption(("--tide",), "Wait for it.", verbs=("deploy",), switch=True),
    )
    deployed: ClassVar[list[Mapping[str, Any]]] = []

    def build(self, *_: object) -> None: ...

    def serve(self, *_: object) -> int:
        return 0

    def deployment(self, project: object, choices: Choices, dialogue: Dialogue) -> Harbor:
        self.choices, self.dialogue = choices, dialogue
        return self

    def plan(self) -> HarborPlan:
        return HarborPlan([Change("replace", "Berth", "3", ("+new",))], "dock?")

    def discard(self, plan: HarborPlan) -> None: ...

    def apply(self, plan: HarborPlan) -> Release:
        self.deployed.append(self.choices.own)
        return Release("9", "1", "hull", share=1.0)

    def status(self) -> Status:
        return Status(True, "calm", (), (Release("9", "1", "hull"),))

    def logs(self, lines: int, *, follow: bool) -> list[LogLine]:
        return [LogLine("bridge", "ahoy")]

    def rollback(self, wanted: str | None) -> Release:
        return Release(wanted or "8", "1", "hull")

    def delete(self) -> list[Change]:
        return [Change("delete", "Berth", "3")]


@pytest.fixture
def harbor(monkeypatch: pytest.MonkeyPatch) -> type[Harbor]:
    Harbor.deployed.clear()
    all_targets = {**installed_targets(), "harbor": Harbor()}
    monkeypatch.setattr(targets, "installed_targets", lambda: all_targets)
    return Harbor


def run(verb: str, project: Path, *words: str) -> Any:
    (project / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n', "utf-8")
    command = importlib.import_module(f"ferryman.cli.{verb}").command
    words = ("-t", "harbor", "-C", str(project), *words)
    return CliRunner().invoke(command, list(words), standalone_mode=False)


def test_a_target_gets_its_own_options_by_name(harbor: type[Harbor], tmp_path: Path) -> None:
    result = run("deploy", tmp_path, "--berth", "seven", "--tide", "--yes")
    assert harbor.deployed == [{"berth": "seven", "tide": True}]
    assert result.stdout == "release 9  1  hull  100%\n"


def test_a_replacement_is_shown_loudly_before_the_question(
    harbor: type[Harbor], tmp_path: Path
) -> None:
    result = run("deploy", tmp_path)
    assert "REPLACE Berth/3\n+new\ndock? No: there is no terminal" in result.stderr
    assert result.return_value == 1
    assert harbor.deployed == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_works_with_a_target_of_others_and_prints_json(
    harbor: type[Harbor], tmp_path: Path, verb: str
) -> None:
    result = run(verb, tmp_path, "--json", "--yes")
    assert result.exception is None
    assert result.stdout.strip()[:1] in "[{"


def test_an_option_of_another_target_is_refused(harbor: type[Harbor], tmp_path: Path) -> None:
    error = run("deploy", tmp_path, "--context", "prod").exception
    assert isinstance(error, click.NoSuchOption)
    assert isinstance(run("status", tmp_path, "--tide").exception, click.NoSuchOption)


@pytest.fixture
def for_one_target(harbor: type[Harbor], tmp_path: Path) -> Path:
    """A project whose settings name a single target."""
    path = tmp_path / "pyproject.toml"
    app = path.read_text() if path.exists() else '[tool.ferryman]\napp = "app:app"\n'
    path.write_text(f'{app}[tool.ferryman.portability]\ntargets = ["harbor"]\n')
    return tmp_path


def test_the_target_of_a_project_need_not_be_named(for_one_target: Path) -> None:
    named, alone = (
        CliRunner().invoke(status, ["-C", str(for_one_target), *more])
        for more in (["-t", "harbor"], [])
    )
    assert (alone.exit_code, alone.stdout) == (0, named.stdout)
    assert "--tide" in CliRunner().invoke(deploy, ["-C", str(for_one_target), "--help"]).stdout


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ('["lambda:alb", "lambda:rest-api"]', "lambda"),
        ('["lambda", "server"]', None),
        ("[]", None),
        ("3", None),
    ],
)
def test_the_doors_of_a_target_are_one_target(
    tmp_path: Path, targets: str, expected: str | None
) -> None:
    table = f"[tool.ferryman.portability]\ntargets = {targets}\n"
    (tmp_path / "pyproject.toml").write_text(table)
    assert project_target(tmp_path) == expected


def test_without_a_target_it_says_how_to_name_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ferryman.portability]\ntargets = 3\n")
    error = CliRunner().invoke(deploy, ["-C", str(tmp_path)]).exception
    assert isinstance(error, ConfigError)
    assert error.message == "no target was given"
    assert "pass -t lambda, -t server or -t k8s" in str(error.hint)


def test_help_is_shown_where_pyproject_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ferryman")
    done = CliRunner().invoke(deploy, ["-C", str(tmp_path), "--help"])
    assert done.exit_code == 0
    assert isinstance(CliRunner().invoke(deploy, ["-C", str(tmp_path)]).exception, ConfigError)


def test_help_shows_a_targets_options_once_it_is_named() -> None:
    without = CliRunner().invoke(deploy, ["--help"]).stdout
    assert "--context" not in without
    assert "-t TARGET --help" in without
    assert "--context" in CliRunner().invoke(deploy, ["-tk8s", "--help"]).stdout


def test_help_loads_no_target_and_no_sdk() -> None:
    code = (
        "import sys\nfrom ferryman.cli.deploy import command\n"
        "try:\n    command(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('boto3', 'pydantic', 'kubernetes', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")
