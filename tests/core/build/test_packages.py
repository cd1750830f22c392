"""Packages are prepared once, and say what was done to them."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from ferryman.core.build.dependencies import Platform
from ferryman.core.build.packages import Packages, Recipe, files_in, prepare_packages
from ferryman.core.build.pruning import BYTECODE_ONLY

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
RECIPE = Recipe(platform=Platform(HERE, "x86_64-manylinux2014"), location="/var/task")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ferryman" / "packages"


def write_wheel(directory: Path, **texts: str) -> None:
    """Write a wheel `oar` with some modules."""
    files = {f"oar/{name}.py": text for name, text in texts.items()}
    info = {
        "oar-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: oar\nVersion: 1\n\nA long text.",
        "oar-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "oar-1.dist-info/RECORD": "",
    }
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / "oar-1-py3-none-any.whl", "w") as archive:
        for place, text in {**files, **info}.items():
            archive.writestr(place, text)


def prepare(root: Path, recipe: Recipe = RECIPE, steps: list[str] | None = None) -> Packages:
    lines = ["--no-index", f"--find-links {root}/wheels", "oar"]
    tell = (steps if steps is not None else []).append
    return prepare_packages(lines, recipe, root=root, scratch=root / "scratch", progress=tell)


def test_sources_become_bytecode_and_what_is_no_python_stays(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1", old="print 'two'")
    packages = prepare(tmp_path)
    names = {"oar/__init__.pyc", "oar/row.pyc", "oar/old.py"}
    names |= {"oar-1.dist-info/METADATA", "oar-1.dist-info/WHEEL"}
    assert {*files_in(packages.tree)} == names
    assert {*packages.owners} == names
    assert {*packages.owners.values()} == {"oar"}
    dropped = {one.place: one.reason for one in packages.dropped}
    assert dropped["oar/row.py"] == BYTECODE_ONLY
    assert "A long text" not in (packages.tree / "oar-1.dist-info/METADATA").read_text()


def test_what_the_project_keeps_has_its_source_beside_its_bytecode(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    packages = prepare(tmp_path, Recipe(RECIPE.platform, RECIPE.location, keep=("oar/row.py",)))
    tag = sys.implementation.cache_tag
    assert {"oar/row.py", f"oar/__pycache__/row.{tag}.pyc", "oar/__init__.pyc"} <= {
        *files_in(packages.tree)
    }


def test_the_second_time_nothing_is_installed(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="")
    steps: list[str] = []
    first, second = prepare(tmp_path, steps=steps), prepare(tmp_path, steps=steps)
    assert first == second
    assert [step for step in steps if step.startswith("installing")] == ["installing 1 packages"]
    assert first.tree.is_relative_to(cache)


def test_another_wheel_or_recipe_is_prepared_anew(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="")
    prepare(tmp_path)
    prepare(tmp_path, Recipe(RECIPE.platform, "/app"))
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    assert "oar/row.pyc" in files_in(prepare(tmp_path).tree)
    assert len(list(cache.iterdir())) == 3


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(tmp_path / "wheels", __init__="")
    mkdir = Path.mkdir

    def refuse(self: Path, mode: int = 0o777, **options: bool) -> None:
        if self.is_relative_to(tmp_path / "cache"):
            raise PermissionError(13, "Permission denied")
        mkdir(self, mode, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert prepare(tmp_path).tree.is_relative_to(tmp_path / "scratch")
