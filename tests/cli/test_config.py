"""`ferryman config`: the resolved settings with their origins, and the keys there are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field

from ferryman.cli.main import cli
from ferryman.targets import registry

PYPROJECT = """
[project]
name = "Shop"
version = "1.2"
[tool.ferryman]
app = "shop:app"
[tool.ferryman.lambda]
memory = 256
[tool.ferryman.env.prod.lambda]
memory = 1024
[tool.ferryman.k8s.environment]
LEVEL = "debug"
"""


pytestmark = pytest.mark.usefixtures("no_variables")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def config(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["config", *arguments], catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    "line",
    [
        'app = "shop:app"  # pyproject.toml [tool.ferryman] app',
        'name = "shop"  # pyproject.toml [project] name',
        'version = "1.2"  # pyproject.toml [project] version',
        'python = "3.14"  # flag python',
        "lambda.memory = 1024  # pyproject.toml [tool.ferryman.env.prod.lambda] memory",
        "lambda.timeout = 9  # environment FERRYMAN_LAMBDA__TIMEOUT",
        "server.workers = 3  # flag server.workers",
        'k8s.environment = {"LEVEL": "debug"}  # pyproject.toml [tool.ferryman.k8s] environment',
        "include = []  # default",
    ],
)
def test_each_setting_is_shown_with_its_origin(
    root: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setenv("FERRYMAN_LAMBDA__TIMEOUT", "9")
    flags = ("--env", "prod", "--python", "3.14", "--set", "server.workers=3")
    assert line in config("show", "-C", str(root), "--origin", *flags).splitlines()


def test_without_origins_each_line_is_a_key_and_its_value(root: Path) -> None:
    lines = config("show", "-C", str(root)).splitlines()
    values = {key: json.loads(value) for key, _, value in (line.partition(" = ") for line in lines)}
    assert values["lambda.memory"] == 256
    assert values["requirements"] is None


def test_settings_are_printed_as_json_with_their_origins(root: Path) -> None:
    rows = json.loads(config("show", "-C", str(root), "--json"))
    origin = "pyproject.toml [tool.ferryman.lambda] memory"
    assert rows["lambda.memory"] == {"value": 256, "origin": origin}
    assert set(rows) == set(keys())


def keys() -> dict[str, list[str]]:
    """Return what `config keys` says of each key: its default, what it takes, what it is for."""
    lines = iter(config("keys").splitlines())
    return {
        (key := first.partition(" = ")[0]): [*first.removeprefix(f"{key} = ").split("  # "), second]
        for first, second in zip(lines, lines, strict=True)
    }


@pytest.mark.parametrize(
    ("key", "default", "takes"),
    [
        ("app", "null", "text"),
        ("include", "[]", "a list"),
        ("lambda.memory", "512", "a whole number, 128 or more, 10240 or less"),
        ("lambda.architecture", '"arm64"', '"arm64" or "x86_64"'),
        ("k8s.environment", "{}", "a table"),
        ("server.base_image", "null", "text"),
    ],
)
def test_each_key_is_listed_with_its_default_and_what_it_takes(
    key: str, default: str, takes: str
) -> None:
    assert keys()[key][:2] == [default, takes]


def test_each_key_says_what_it_is_for() -> None:
    assert [key for key, (_, _, purpose) in keys().items() if len(purpose.strip()) < 10] == []


def test_the_keys_are_printed_as_json_schema() -> None:
    schema = json.loads(config("keys", "--json"))
    assert schema["properties"]["app"]["description"]
    assert schema["properties"]["lambda"]["properties"]["memory"]["maximum"] == 10240


def test_a_section_inside_a_section_is_shown_by_its_keys(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sail(BaseModel):
        area: float = Field(default=1.5, description="Square metres.")

    class Options(BaseModel):
        sail: Sail = Sail()

    class Boat:
        name = "boat"
        options = Options

    monkeypatch.setattr(registry, "installed_targets", lambda: {"boat": Boat()})
    (root / "pyproject.toml").write_text("[tool.ferryman.boat.sail]\narea = 2\n")
    shown = config("show", "-C", str(root), "--origin").splitlines()
    assert "boat.sail.area = 2.0  # pyproject.toml [tool.ferryman.boat.sail] area" in shown
    assert "boat.sail.area = 1.5  # a number" in config("keys").splitlines()


def origin_of_app(here: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "ferryman", "config", "show", "--origin", *arguments]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def test_a_directory_in_a_project_is_of_the_project(root: Path) -> None:
    inside = root / "shop" / "web"
    inside.mkdir(parents=True)
    assert origin_of_app(inside) == 'app = "shop:app"  # pyproject.toml [tool.ferryman] app'
    assert origin_of_app(inside, "-C", ".") == "app = null  # default"


@pytest.mark.parametrize("nearer", ["[project]\nname = 'other'\n", ""])
def test_a_project_of_its_own_is_not_taken_for_a_part(root: Path, nearer: str) -> None:
    other = root / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text(nearer)
    assert origin_of_app(other) == "app = null  # default"


@pytest.mark.parametrize("above", ["[tool.black]\n", "not = TOML = at all"])
def test_what_is_above_and_no_project_of_ferrymans_does_not_count(
    tmp_path: Path, above: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(above)
    (tmp_path / "here").mkdir()
    assert origin_of_app(tmp_path / "here") == "app = null  # default"
