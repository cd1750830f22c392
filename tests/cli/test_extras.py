"""A verb that lacks a package names the extra that brings it, before it does anything."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ferryman.cli.extras import EXTRAS, missing_extra

# Each command has a process of its own, which begins with what all of them import.
RUN = """
import json, os, sys
from pathlib import Path
modules, *commands = json.load(sys.stdin)
sys.modules.update(dict.fromkeys(modules))
from ferryman.cli.main import main
from ferryman.project import resolution
from ferryman.targets.registry import installed_targets
installed_targets()
found = {}
for command in commands:
    said = Path("said")
    if (child := os.fork()) == 0:
        with said.open("wb") as file:
            os.dup2(file.fileno(), 1), os.dup2(file.fileno(), 2)
        sys.argv = ["ferryman", *command.split()]
        try:
            main()
        except SystemExit as end:
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(end.code or 0)
    _, status = os.waitpid(child, 0)
    found[command] = os.waitstatus_to_exitcode(status), said.read_text()
    said.unlink()
print(json.dumps(found))
"""

APP = "from aiohttp import web\napp = web.Application()\n"
PROJECT = '[project]\nname = "boats"\nversion = "1"\n[tool.ferryman]\napp = "main:app"\n'
REQUESTS = '[[request]]\ntarget = "/"\n'
FILES = {"main.py": APP, "pyproject.toml": PROJECT, "requests.toml": REQUESTS, "usage.yml": ""}

LACKING = {
    "build -t lambda": "lambda",
    "build -t server": "server",
    "build -t server --image": "build",
    "build -t server --image --push ghcr.io/me/boats:1": "build",
    "build -t k8s": "k8s",
    "build -t all": "k8s",
    "check -t k8s": "k8s",
    "cost --usage-file usage.yml --html page.html": "cost",
    "cost --log-group boats --html page.html": "aws",
    "delete -t k8s --yes": "k8s",
    "deploy -t lambda": "aws",
    "deploy -t k8s": "k8s",
    "dev -t server": "dev",
    "dev -t lambda": "dev",
    "diff -t k8s": "k8s",
    "invoke -t lambda --fixture http-api --artifact": "lambda",
    "logs -t lambda": "aws",
    "measure -t server --scenario requests.toml": "server",
    "measure -t lambda --scenario requests.toml": "lambda",
    "rollback -t k8s": "k8s",
    "serve -t server": "server",
    "status -t lambda": "aws",
}
COMPLETE = ("config show", "cost --lines", "targets", "cost selfcheck")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("boats")
    for name, text in FILES.items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture(scope="module")
def outcomes(project: Path) -> dict[str, tuple[int, str]]:
    """Return the status of each command, and what it said, as where no extra is installed."""
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=project,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
        input=json.dumps([[*EXTRAS, "yaml"], *LACKING, *COMPLETE]),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, tuple[int, str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("extra", sorted({*EXTRAS.values()}))
def test_each_extra_is_one_of_the_distribution(extra: str) -> None:
    lines = map(Requirement, importlib.metadata.requires("ferryman") or ())
    brought = {
        line.name for line in lines if line.marker and line.marker.evaluate({"extra": extra})
    }
    assert brought


def test_a_module_of_no_extra_is_left_alone() -> None:
    assert missing_extra(ModuleNotFoundError("no", name="nowhere.deep")) is None


@pytest.mark.parametrize(("command", "extra"), LACKING.items())
def test_a_verb_without_its_extra_names_it(
    outcomes: dict[str, tuple[int, str]], command: str, extra: str
) -> None:
    status, said = outcomes[command]
    assert status == 2, said
    assert f"ferryman[{extra}]" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", COMPLETE)
def test_a_verb_that_needs_none_runs(outcomes: dict[str, tuple[int, str]], command: str) -> None:
    status, said = outcomes[command]
    assert status == 0, said


def test_what_lacked_something_left_nothing(
    outcomes: dict[str, tuple[int, str]], project: Path
) -> None:
    assert outcomes
    assert {path.name for path in project.iterdir()} <= {*FILES, "__pycache__", "dist"}
    assert not (project / "dist").is_dir() or not any((project / "dist").iterdir())
