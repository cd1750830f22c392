"""`ferryman new`: the project that it makes is one that works."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from ferryman.cli.new import command
from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.target import installed_targets
from ferryman.core.errors import ConfigError


def run(into: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--into", str(into)], standalone_mode=False)


def test_its_tests_pass_on_each_target(tmp_path: Path) -> None:
    assert run(tmp_path, "my-shop").return_value == 0
    plugins = ("pytest_asyncio.plugin", "pytest_aiohttp.plugin", "ferryman.pytest_plugin")
    arguments = [part for plugin in plugins for part in ("-p", plugin)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments, "--ferryman-target=server,lambda"],
        cwd=tmp_path / "my-shop",
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "7 passed" in done.stdout, done.stdout + done.stderr


every_target = pytest.mark.parametrize("target", ["lambda", "server", "k8s"])


@every_target
def test_its_settings_and_pipeline_can_be_read(target: str, tmp_path: Path) -> None:
    run(tmp_path, "shop", "-t", target, "--python", "3.12")
    models = {name: each.options for name, each in installed_targets().items()}
    for overlay in (None, "staging", "production"):
        project = resolve_project(tmp_path / "shop", models, flags={}, overlay=overlay)
        assert (str(project.app), project.fields.python) == ("shop.app:create_app", "3.12")
    pipeline = yaml.safe_load((tmp_path / "shop/.github/workflows/ci.yml").read_text())
    assert set(pipeline["jobs"]) == {"test", "deploy"}
    files = [path for path in (tmp_path / "shop").rglob("*") if path.is_file()]
    assert not [path for path in files if re.search(r"@[a-z]+@", path.read_text() + path.name)]
    assert (
        tomllib.loads((tmp_path / "shop/pyproject.toml").read_text())["project"]["name"] == "shop"
    )


@pytest.mark.parametrize(
    ("target", "given", "runs"),
    [
        ("lambda", [], "lambda"),
        ("lambda", ["TARGET=server"], "server"),
        ("server", [], "server"),
        ("k8s", [], "server"),
    ],
)
def test_make_dev_runs_what_can_be_run_here(
    target: str, given: list[str], runs: str, tmp_path: Path
) -> None:
    run(tmp_path, "shop", "-t", target)
    command = ["make", "-n", "--no-print-directory", "dev", *given]
    shown = subprocess.run(
        command, cwd=tmp_path / "shop", capture_output=True, text=True, check=True
    ).stdout
    assert shown.splitlines()[-1].endswith(f"ferryman dev -t {runs}")


def pipeline_of(target: str, into: Path) -> Path:
    assert run(into, "shop", "-t", target).return_value == 0
    return into / "shop/.github/workflows/ci.yml"


@every_target
def test_its_pipeline_is_valid_and_has_no_more_rights_than_it_needs(
    target: str, tmp_path: Path
) -> None:
    pipeline = str(pipeline_of(target, tmp_path))
    for program, *arguments in (
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", pipeline),
        ("zizmor", "--offline", "--no-progress", pipeline),
    ):
        judge = [str(Path(sys.executable).parent / program), *arguments]
        done = subprocess.run(judge, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@every_target
def test_the_shell_of_its_pipeline_can_be_parsed(target: str, tmp_path: Path) -> None:
    jobs = yaml.safe_load(pipeline_of(target, tmp_path).read_text())["jobs"]
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert len(scripts) > 3
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_its_pipeline_deploys_the_memory_that_the_environment_names(tmp_path: Path) -> None:
    steps = yaml.safe_load(pipeline_of("lambda", tmp_path).read_text())["jobs"]["deploy"]["steps"]
    shop = tmp_path / "shop"
    (shop / ".venv/bin").mkdir(parents=True)
    ferryman = shop / ".venv/bin/ferryman"
    ferryman.write_text(f'#!/bin/sh\nexec {sys.executable} -m ferryman "$@"\n')
    aws = tmp_path / "bin/aws"
    aws.parent.mkdir()
    aws.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    for program in (ferryman, aws):
        program.chmod(0o755)
    script = next(step["run"] for step in steps if step.get("name") == "deploy")
    variables = {"PATH": f"{aws.parent}:{os.environ['PATH']}", "ENVIRONMENT": "staging"}
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=shop, env=os.environ | variables, check=True
    )
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0].endswith("--function-name shop-staging --memory-size 256 --timeout 30")
    assert "update-function-code --function-name shop-staging" in asked[2]


def test_on_a_terminal_it_asks_until_the_answer_will_do(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ferryman", "new"]
    with os.fdopen(ours, "wb", buffering=0) as keyboard:
        process = subprocess.Popen(
            command, cwd=tmp_path, stdin=theirs, stderr=subprocess.PIPE, text=True
        )
        os.close(theirs)
        keyboard.write(b"My Shop\ntaken\nshop\nmoon\nserver\n")
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "'My Shop' cannot be a project's name: use lower-case letters" in said
    assert "taken exists: choose another name" in said
    assert "'moon' is not one of 'lambda', 'server', 'k8s'" in said
    assert "log_level" in (tmp_path / "shop/pyproject.toml").read_text()


def test_an_existing_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    result = run(tmp_path, "shop")
    assert isinstance(result.exception, ConfigError)
    assert "shop exists" in result.exception.message
    assert list((tmp_path / "shop").iterdir()) == []


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop!", "../shop", "aiohttp", "tests", "s-"])
def test_a_name_that_cannot_be_one_makes_nothing(name: str, tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, name).exception, ConfigError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("python", ["2.7", "3.10", "3.20", "three", "3.13.1"])
def test_a_python_that_ferryman_does_not_know_makes_nothing(python: str, tmp_path: Path) -> None:
    assert isinstance(run(tmp_path, "shop", "--python", python).exception, ConfigError)
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_a_name_is_wanted(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path).exception, ConfigError)
