"""The app finds itself by `importlib.metadata`, as it does where it is installed."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions
from pathlib import Path

from ferryman.building.app_files import copy_files
from ferryman.building.app_parts import AppParts, gather_app
from ferryman.project.resolution import resolve_project

STATED = """
[project]
name = "the.Shop"
version = "1.4.2"
description = "Sells things."
requires-python = ">=3.11"
dependencies = ["aiohttp", "wheel @ https://me:secret@example.com/wheel-1-py3-none-any.whl"]
[project.optional-dependencies]
cards = ["yarl; python_version > '3'"]
[project.scripts]
shop = "shop.app:main"
[project.entry-points."shop.payments"]
card = "shop.card:pay"
"""

MADE = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "shop"
dynamic = ["version"]
dependencies = []
[tool.hatch.version]
path = "shop/__init__.py"
"""


def gather(root: Path, text: str) -> AppParts:
    (root / "shop").mkdir()
    (root / "shop" / "__init__.py").write_text('__version__ = "7.1"\n')
    (root / "shop" / "app.py").write_text("app = 1\n")
    (root / "pyproject.toml").write_text(text)
    (root / "none.txt").touch()
    project = resolve_project(root, {}, flags={"app": "shop.app:app", "requirements": "none.txt"})
    return gather_app(project, root / "scratch", lambda _: None)


def installed(parts: AppParts, directory: Path) -> Distribution:
    copy_files(parts.files, directory)
    (found,) = distributions(path=[str(directory)])
    return found


def test_a_project_that_states_its_version_is_installed(tmp_path: Path) -> None:
    found = installed(gather(tmp_path, STATED), tmp_path / "task")
    assert (found.name, found.version) == ("the.Shop", "1.4.2")
    assert {(one.group, one.name, one.value) for one in found.entry_points} == {
        ("console_scripts", "shop", "shop.app:main"),
        ("shop.payments", "card", "shop.card:pay"),
    }
    assert found.metadata["Summary"] == "Sells things."
    assert 'yarl; python_version > "3" and extra == "cards"' in (found.requires or ())
    assert {"shop/app.py", "shop/__init__.py"} <= {str(file) for file in found.files or ()}


def test_no_credential_of_an_address_is_in_it(tmp_path: Path) -> None:
    found = installed(gather(tmp_path, STATED), tmp_path / "task")
    assert "https://example.com/wheel-1-py3-none-any.whl" in (found.read_text("METADATA") or "")
    assert "secret" not in (found.read_text("METADATA") or "")


def test_what_its_back_end_alone_knows_is_in_it_too(tmp_path: Path) -> None:
    parts = gather(tmp_path, MADE)
    assert parts.notes == ()
    assert installed(parts, tmp_path / "task").version == "7.1"


def test_a_back_end_that_fails_is_told_and_the_app_ships(tmp_path: Path) -> None:
    parts = gather(tmp_path, MADE.replace("shop/__init__.py", "nowhere.py"))
    assert "importlib.metadata will not know the project" in parts.notes[0]
    assert [file.place for file in parts.files] == ["shop/__init__.py", "shop/app.py"]


def test_a_directory_that_is_no_project_has_none(tmp_path: Path) -> None:
    assert not [file for file in gather(tmp_path, "").files if "dist-info" in file.place]
