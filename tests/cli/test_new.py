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
from tests.aws_stand_in import client

from ferryman.cli.new import command
from ferryman.core.errors import ConfigError
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets


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
    assert set(pipeline["jobs"]) == {"test", "review", "deploy"}
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


@every_target
def test_no_job_has_credentials_that_it_does_not_use(target: str, tmp_path: Path) -> None:
    """The deploying job alone, and the one that shows a change set, may ask for a role."""
    jobs = yaml.safe_load(pipeline_of(target, tmp_path).read_text())["jobs"]
    asking = {name for name, job in jobs.items() if "id-token" in job["permissions"]}
    assert asking == ({"review", "deploy"} if target == "lambda" else set())
    assert jobs["test"]["permissions"] == {"contents": "read"}


class Runner:
    """Runs the steps of a job, as a runner of GitHub's does, against a stand-in for AWS."""

    def __init__(self, shop: Path, temporary: Path) -> None:
        self._shop = shop
        self._environment = os.environ | {"RUNNER_TEMP": str(temporary)}
        self._jobs = yaml.safe_load((shop / ".github/workflows/ci.yml").read_text())["jobs"]
        ferryman = shop / ".venv/bin/ferryman"
        ferryman.parent.mkdir(parents=True)
        ferryman.write_text(f'#!/bin/sh\nexec {sys.executable} -m ferryman "$@"\n')
        ferryman.chmod(0o755)

    def __call__(self, job: str, step: str, **variables: str) -> None:
        (script,) = [one["run"] for one in self._jobs[job]["steps"] if one.get("name") == step]
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self._shop,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def git(shop: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", *identity, *words], cwd=shop, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_its_pipeline_deploys_and_shows_what_a_change_does_to_stack_and_bill(
    tmp_path: Path, aws_stand_in: int
) -> None:
    pipeline_of("lambda", tmp_path)
    shop, temporary = tmp_path / "shop", tmp_path / "temporary"
    temporary.mkdir()
    run_step = Runner(shop, temporary)
    git(shop, "init", "--quiet")
    git(shop, "add", "--all")
    git(shop, "commit", "--quiet", "--message", "the project")
    base = git(shop, "rev-parse", "HEAD")
    run_step("deploy", "deploy", ENVIRONMENT="staging", CANARY="")
    function = client("lambda").get_function_configuration(FunctionName="shop-staging")
    assert function["MemorySize"] == 256

    settings = shop / "pyproject.toml"
    settings.write_text(settings.read_text().replace("memory = 256", "memory = 384"))
    run_step("review", "the bill", BASE=base, REQUESTS="3M")
    run_step("review", "the change set")
    comment = (temporary / "comment.md").read_text()
    assert "| Lambda arm64, Function URL | 0.45 | 0.45 |" in comment
    assert '-    "MemorySize": 256,' in comment
    assert '+    "MemorySize": 384,' in comment
    # What was only shown is not there.
    function = client("lambda").get_function_configuration(FunctionName="shop-staging")
    assert function["MemorySize"] == 256


def test_without_a_pipeline_nothing_speaks_of_one(tmp_path: Path) -> None:
    assert run(tmp_path, "shop", "--pipeline", "none").return_value == 0
    assert not (tmp_path / "shop/.github").exists()
    assert "pipeline" not in (tmp_path / "shop/README.md").read_text()


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
    assert "'moon' is not one of 'k8s', 'lambda', 'server'" in said
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
