"""The zip: what is in it, what is not, and that it is the same each time."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from ferryman.core.build.artifact import Artifact
from ferryman.core.build.project import Project
from ferryman.core.build.resolution import resolve_project
from ferryman.core.errors import ConfigError
from ferryman.core.loader import AppAttributeMissing
from ferryman.targets.lambda_.bundle import HANDLER, build_bundle
from ferryman.targets.lambda_.options import LambdaOptions


@pytest.fixture(scope="module")
def names(postcards_bundle: Artifact) -> list[str]:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        return bundle.namelist()


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """Write a project with no dependency but aiohttp."""
    root = tmp_path / "hello"
    root.mkdir()
    (root / "hello.py").write_text("from aiohttp import web\napp = web.Application()\n")
    (root / "pyproject.toml").write_text('[tool.ferryman]\napp = "hello:app"\n')
    return root


def project_at(root: Path, **flags: object) -> Project:
    return resolve_project(root, {"lambda": LambdaOptions}, flags=flags)


def silent(_: str) -> None:
    pass


def test_it_holds_the_app_its_dependencies_and_the_settings(names: list[str]) -> None:
    assert {"postcards/app.py", "postcards/static/wall.css", "ferryman.json"} <= {*names}
    assert any(name.startswith("aiohttp/") for name in names)
    assert any(name.startswith("pydantic_settings/") for name in names)


@pytest.mark.parametrize(
    "unwanted",
    ["gunicorn", "kubernetes", "click", "rich", "yaml", "boto3", "uv", "packaging"],
)
def test_nothing_of_another_world_travels(names: list[str], unwanted: str) -> None:
    assert [name for name in names if name.split("/")[0].split("-")[0] == unwanted] == []


def test_no_test_and_no_leftover_travels(names: list[str]) -> None:
    leftovers = ("test", "conftest", "__pycache__", ".pyc", ".pyi", ".dist-info/RECORD")
    found = [n for n in names if any(part in n.lower() for part in leftovers)]
    assert found == []


def test_of_ferryman_only_the_runtime_half_travels(names: list[str]) -> None:
    ours = [name for name in names if name.startswith("ferryman/")]
    assert "ferryman/targets/lambda_/runtime/entry.py" in ours
    allowed = re.compile(
        r"ferryman/(__init__|core/\w+|targets/__init__|targets/lambda_/(__init__|runtime/.+))\.py"
    )
    assert [name for name in ours if not allowed.fullmatch(name)] == []


def test_an_app_that_declares_no_pydantic_gets_none(hello: Path, tmp_path: Path) -> None:
    artifact = build_bundle(project_at(hello), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        tops = {name.split("/")[0].split("-")[0] for name in bundle.namelist()}
    assert "aiohttp" in tops
    assert not {"pydantic", "pydantic_core", "pydantic_settings", "dotenv"} & tops


def test_the_extensions_are_those_of_the_platform_asked_for(hello: Path, tmp_path: Path) -> None:
    flags = {"lambda.architecture": "arm64", "python": "3.13"}
    artifact = build_bundle(project_at(hello, **flags), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        extensions = [name for name in bundle.namelist() if name.endswith(".so")]
    assert extensions
    assert all("cpython-313-aarch64" in name for name in extensions)


def test_two_builds_in_two_places_are_the_same_bytes(hello: Path, tmp_path: Path) -> None:
    first = build_bundle(project_at(hello), tmp_path / "one", silent)
    moved = hello.rename(tmp_path / "elsewhere")
    (moved / "hello.py").touch()
    # The name is the directory's by default, and so part of what is built.
    named = project_at(moved, name="hello")
    second = build_bundle(named, tmp_path / "two", silent)
    assert first.digest == second.digest


def test_the_settings_name_the_app_and_no_path_of_this_machine(
    postcards_bundle: Artifact,
) -> None:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        settings = json.loads(bundle.read("ferryman.json"))
    assert settings == {
        "format": 1,
        "app": "postcards.app:create_app",
        "name": "postcards",
        "version": "1.0.0",
        "target": "lambda",
        "options": {
            "base_path": "",
            "streaming": False,
            "task_budget": 5.0,
            "trusted_proxies": [],
            "warm_path": "",
        },
    }


def test_the_description_says_how_to_start_it(postcards_bundle: Artifact) -> None:
    assert postcards_bundle.start == HANDLER
    assert postcards_bundle.size == Path(postcards_bundle.path).stat().st_size


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.15"])
def test_a_python_that_lambda_has_not_is_refused(hello: Path, tmp_path: Path, python: str) -> None:
    with pytest.raises(ConfigError, match=f"no runtime for Python {python}") as caught:
        build_bundle(project_at(hello, python=python), tmp_path / "dist" / "lambda", silent)
    assert "3.13" in str(caught.value)
    assert not (tmp_path / "dist").exists()


def test_a_wheel_that_does_not_exist_leaves_the_last_build_alone(
    hello: Path, tmp_path: Path
) -> None:
    out = tmp_path / "dist" / "lambda"
    before = build_bundle(project_at(hello), out, silent)
    (hello / "requirements.txt").write_text("uwsgi\n")
    with pytest.raises(ConfigError, match="no set of wheels") as caught:
        build_bundle(project_at(hello, requirements="requirements.txt"), out, silent)
    assert "uwsgi" in str(caught.value)
    assert caught.value.hint
    assert [path.name for path in out.parent.iterdir()] == ["lambda"]
    assert Path(before.path).is_file()


def test_a_missing_attribute_is_found_before_anything_is_fetched(
    hello: Path, tmp_path: Path
) -> None:
    steps: list[str] = []
    with pytest.raises(AppAttributeMissing, match="create_app"):
        build_bundle(project_at(hello, app="hello:create_app"), tmp_path / "out", steps.append)
    assert steps == []
    assert not (tmp_path / "out").exists()


def test_a_bundle_too_large_for_lambda_names_what_is_large(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.targets.lambda_.bundle._UNPACKED_LIMIT", 2**20)
    with pytest.raises(ConfigError, match="Lambda takes 250") as caught:
        build_bundle(project_at(hello), tmp_path / "out", silent)
    assert "aiohttp" in str(caught.value)
    assert not (tmp_path / "out").exists()
