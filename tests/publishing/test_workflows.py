"""The project's own automation: well formed, pinned, and of no more rights than it needs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from scripts.lock import LOCK, compile_lock

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
PROGRAMS = Path(sys.executable).parent
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))


def run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_the_workflows() -> None:
    run(PROGRAMS / "zizmor", "--offline", "--quiet", GITHUB)


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-workflows", "workflows/*.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("dependabot", "dependabot.yml"),
    ],
)
def test_the_files_follow_their_schemas(schema: str, pattern: str) -> None:
    paths = sorted(GITHUB.glob(pattern))
    assert paths
    run(PROGRAMS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert [use for use in uses if not re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", use)] == []


def test_ci_runs_the_two_commands_on_every_python_that_is_supported() -> None:
    job = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text())["jobs"]["test"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[-2:] == ["make demo", "make test"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: "
    supported = [
        name.removeprefix(prefix) for name in project["classifiers"] if name.startswith(prefix)
    ]
    assert job["strategy"]["matrix"]["python"] == supported


def test_the_commands_of_the_workflows_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = {
        command
        for path in WORKFLOWS
        for command in re.findall(r"run: make (\S+)", path.read_text(encoding="utf-8"))
    }
    assert {"demo", "test", "coverage", "docs-site", "release-check"} <= commands
    for command in commands:
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command


def test_new_versions_wait_a_week() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"pip", "github-actions"}
    assert all(update["cooldown"]["default-days"] == 7 for update in updates)
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["exclude-newer"] == (
        "1 week"
    )


def test_the_lock_file_agrees_with_the_project_and_names_no_address() -> None:
    lock = LOCK.read_text(encoding="utf-8")
    assert compile_lock() == lock, "run `make lock`"
    assert "://" not in lock
    pins = [line for line in lock.splitlines() if not line.startswith(" ")]
    assert lock.count("--hash=sha256:") >= len(pins)


def test_the_hooks_run_tools_of_the_environment() -> None:
    run(PROGRAMS / "pre-commit", "validate-config")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    for hook in repository["hooks"]:
        program = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert (PROGRAMS / program).is_file(), program
