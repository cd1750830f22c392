"""Packages are prepared once, and say what was done to them."""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from ferryman.building import tried_packages
from ferryman.building.dependencies import Platform
from ferryman.building.packages import Packages, Recipe, files_in, prepare_packages
from ferryman.building.pruning import BYTECODE_ONLY

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
RECIPE = Recipe(platform=Platform(HERE, "x86_64-manylinux2014"), location="/var/task")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ferryman" / "packages"


def write_wheel(directory: Path, name: str = "oar", **texts: str) -> None:
    """Write a wheel, `oar` by default, with some modules and tests."""
    files = {f"{name}/{module}.py": text for module, text in texts.items()}
    files |= {f"{name}/tests/__init__.py": "", f"{name}/py.typed": ""}
    info = {
        f"{name}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n\nLong",
        f"{name}-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{name}-1.dist-info/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = "".join(f"{place},,\n" for place in (*files, *info, f"{name}-1.dist-info/RECORD"))
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / f"{name}-1-py3-none-any.whl", "w") as archive:
        for place, text in {**files, **info, f"{name}-1.dist-info/RECORD": record}.items():
            archive.writestr(place, text)


def prepare(
    root: Path, recipe: Recipe = RECIPE, steps: list[str] | None = None, *names: str
) -> Packages:
    lines = ["--no-index", f"--find-links {root}/wheels", *(names or ("oar",))]
    tell = (steps if steps is not None else []).append
    return prepare_packages(lines, recipe, root=root, scratch=root / "scratch", progress=tell)


TAG = sys.implementation.cache_tag
INFO = {
    f"oar-1.dist-info/{name}"
    for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "REQUESTED", "entry_points.txt")
}


@pytest.fixture
def oar_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = {"oar": tried_packages.Tried("oar", ("1",), (), {}, ())}
    monkeypatch.setattr(tried_packages, "tried_packages", lambda: tried)


def test_a_package_ships_as_pip_installs_it_with_its_bytecode(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1", old="print 'two'")
    packages = prepare(tmp_path)
    modules = ("__init__.py", "row.py", "old.py", "tests/__init__.py", "py.typed")
    compiled = ("__pycache__/__init__", "__pycache__/row", "tests/__pycache__/__init__")
    names = {f"oar/{name}" for name in modules} | {f"oar/{name}.{TAG}.pyc" for name in compiled}
    assert {*files_in(packages.tree)} == names | INFO
    assert {*packages.owners} == names | INFO
    assert {*packages.owners.values()} == {"oar"}
    dropped = {one.place: one.reason for one in packages.dropped}
    assert dropped["bin/oar"] == "a command-line script: it names the Python of this machine"
    assert "Long" in (packages.tree / "oar-1.dist-info/METADATA").read_text()


def test_what_a_package_holds_can_be_asked_as_in_pips_tree(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    (found,) = distributions(path=[str(prepare(tmp_path).tree)])
    places = {str(file): file for file in found.files or ()}
    assert {"oar/row.py", f"oar/__pycache__/row.{TAG}.pyc", "oar/py.typed"} <= {*places}
    assert all(Path(file.locate()).is_file() for file in places.values())
    assert places["oar/row.py"].hash


@pytest.mark.usefixtures("oar_was_tried")
def test_of_a_package_that_was_tried_bytecode_takes_the_place_of_sources(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1", old="print 'two'")
    packages = prepare(tmp_path)
    names = {"oar/__init__.pyc", "oar/row.pyc", "oar/old.py"} | INFO
    assert {*files_in(packages.tree)} == names
    dropped = {one.place: one.reason for one in packages.dropped}
    assert dropped["oar/row.py"] == BYTECODE_ONLY
    assert dropped["oar/tests/__init__.py"] == "tests"
    assert "Long" not in (packages.tree / "oar-1.dist-info/METADATA").read_text()


@pytest.mark.usefixtures("oar_was_tried")
def test_its_record_names_what_ships_and_its_modules(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    (found,) = distributions(path=[str(prepare(tmp_path).tree)])
    assert {"oar/row.pyc"} == {str(file) for file in found.files or () if "row" in str(file)}
    assert found.read_text("top_level.txt") == "oar\n"


@pytest.mark.usefixtures("oar_was_tried")
def test_what_the_project_keeps_has_its_source_beside_its_bytecode(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    packages = prepare(tmp_path, Recipe(RECIPE.platform, RECIPE.location, keep=("oar/row.py",)))
    assert {"oar/row.py", f"oar/__pycache__/row.{TAG}.pyc", "oar/__init__.pyc"} <= {
        *files_in(packages.tree)
    }


def test_slim_packages_are_bytecode_but_for_those_that_read_their_own_files(
    tmp_path: Path,
) -> None:
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    write_wheel(tmp_path / "wheels", "mast", __init__="\nfrom os import listdir\nlistdir('.')\n")
    slim = Recipe(RECIPE.platform, RECIPE.location, slim=True)
    packages = prepare(tmp_path, slim, None, "oar", "mast")
    names = {*files_in(packages.tree)}
    assert {"oar/row.pyc", "mast/__init__.py", "mast/tests/__init__.py"} <= names
    assert not {"oar/row.py", "oar/py.typed", "oar/tests/__init__.pyc"} & names
    assert "mast ships whole: mast/__init__.py:3 lists a directory" in packages.notes


def test_the_second_time_nothing_is_installed(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="")
    steps: list[str] = []
    first, second = prepare(tmp_path, steps=steps), prepare(tmp_path, steps=steps)
    assert first == second
    assert [step for step in steps if step.startswith("installing")] == ["installing 1 package"]
    assert first.tree.is_relative_to(cache)


def test_another_wheel_or_recipe_is_prepared_anew(tmp_path: Path, cache: Path) -> None:
    write_wheel(tmp_path / "wheels", __init__="")
    prepare(tmp_path)
    prepare(tmp_path, Recipe(RECIPE.platform, "/app"))
    write_wheel(tmp_path / "wheels", __init__="", row="a = 1")
    assert "oar/row.py" in files_in(prepare(tmp_path).tree)
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
