"""`ferryman new`: the project that it makes is one that works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
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


@pytest.mark.parametrize("target", ["lambda", "server", "k8s"])
def test_its_settings_and_pipeline_can_be_read(target: str, tmp_path: Path) -> None:
    run(tmp_path, "shop", "-t", target, "--python", "3.12")
    models = {name: each.options for name, each in installed_targets().items()}
    for overlay in (None, "staging", "production"):
        project = resolve_project(tmp_path / "shop", models, flags={}, overlay=overlay)
        assert (str(project.app), project.fields.python) == ("shop.app:create_app", "3.12")
    pipeline = yaml.safe_load((tmp_path / "shop/.github/workflows/ci.yml").read_text())
    assert set(pipeline["jobs"]) == {"test", "deploy"}
    files = [path for path in (tmp_path / "shop").rglob("*") if path.is_file()]
    assert not [path for path in files if "@name@" in path.read_text() + path.name]
    assert (
        tomllib.loads((tmp_path / "shop/pyproject.toml").read_text())["project"]["name"] == "shop"
    )


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


def test_without_a_terminal_a_name_is_wanted(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path).exception, ConfigError)


def test_it_takes_less_than_a_second(tmp_path: Path) -> None:
    start = time.monotonic()
    script = "from ferryman.cli.new import command; command.main()"
    subprocess.run([sys.executable, "-c", script, "shop"], cwd=tmp_path, check=True)
    assert time.monotonic() - start < 1
