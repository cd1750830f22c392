"""What an app depends on is read from wherever its project says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ferryman.building.app_parts import gather_app
from ferryman.building.project_requirements import (
    SHIPPED_EXTRAS,
    Requirements,
    project_requirements,
)
from ferryman.core.errors import ConfigError
from ferryman.project.resolution import resolve_project
from ferryman.project.setting_sources import read_pyproject

PROJECT = """
[project]
name = "boat"
version = "1"
dependencies = ["idna"]
[project.optional-dependencies]
aws = ["six"]
all = ["boat[aws]", "toml"]
[dependency-groups]
core = ["attrs"]
bot = ["propcache", { include-group = "core" }]
"""
OF_FERRYMAN = """
[project]
name = "boat"
version = "1"
dependencies = ["ferryman[k8s,redis]", "idna"]
"""
HASH = "sha256:" + "a" * 64

PYLOCK = f"""
lock-version = "1.0"
created-by = "a tool"
requires-python = ">=3.11"
extras = ["aws"]
dependency-groups = ["bot"]
default-groups = []
[[packages]]
name = "idna"
version = "3.11"
wheels = [{{ url = "https://h/idna-3.11-py3-none-any.whl", hashes = {{ sha256 = "{"a" * 64}" }} }}]
[[packages]]
name = "six"
version = "1.17"
marker = "'aws' in extras"
wheels = [{{ url = "https://h/six-1.17-py3-none-any.whl", hashes = {{ sha256 = "{"a" * 64}" }} }}]
[[packages]]
name = "oar"
directory = {{ path = "libs/oar" }}
[[packages]]
name = "tide"
vcs = {{ type = "git", url = "https://h/tide", commit-id = "{"b" * 40}" }}
"""


def read(root: Path, **flags: Any) -> Requirements:
    return project_requirements(resolve_project(root, {}, flags=flags))


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        ({}, ["idna"]),
        ({"extras": ["aws"]}, ["idna", "six"]),
        ({"extras": ["all"]}, ["idna", "six", "toml"]),
        ({"groups": ["bot"]}, ["idna", "propcache", "attrs"]),
        ({"extras": ["aws"], "groups": ["core"]}, ["idna", "six", "attrs"]),
    ],
)
def test_extras_and_groups_count_where_they_are_named(
    tmp_path: Path, flags: dict[str, Any], lines: list[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    assert list(read(tmp_path, **flags).lines) == lines


@pytest.mark.parametrize("flags", [{"extras": ["awz"]}, {"groups": ["awz"]}])
def test_one_that_is_not_there_is_told(tmp_path: Path, flags: dict[str, Any]) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    with pytest.raises(ConfigError, match="'awz'") as caught:
        read(tmp_path, **flags)
    assert caught.value.cause


@pytest.mark.parametrize(("extras", "lines"), [([], 3), (["aws"], 4)])
def test_a_pylock_is_read(tmp_path: Path, extras: list[str], lines: int) -> None:
    (tmp_path / "libs/oar").mkdir(parents=True)
    (tmp_path / "pylock.toml").write_text(PYLOCK)
    found = read(tmp_path, extras=extras)
    assert found.place == "pylock.toml"
    assert len(found.lines) == lines
    assert found.lines[0] == f"idna==3.11 --hash={HASH}"
    assert f"-e {tmp_path}/libs/oar" in found.lines
    assert f"tide @ git+https://h/tide@{'b' * 40}" in found.lines


def test_a_pylock_for_another_python_is_told(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text(PYLOCK.replace(">=3.11", "<3.11"))
    with pytest.raises(ConfigError, match=r"pylock\.toml is for Python <3\.11"):
        read(tmp_path)


EXPORTER = """#!{python}
import sys
if "--broken" in {flags!r}: sys.exit("pyproject.toml changed significantly since poetry.lock was \
last generated. Run `poetry lock` to fix the lock file.")
print("six==1.17 --hash={hash}")
"""


def exporter(directory: Path, name: str, flags: str = "") -> None:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(EXPORTER.format(python=sys.executable, hash=HASH, flags=flags))
    path.chmod(0o755)


@pytest.mark.parametrize(("lock", "tool"), [("poetry.lock", "poetry"), ("Pipfile.lock", "pipenv")])
def test_a_lock_of_another_tool_is_read_by_its_exporter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str, tool: str
) -> None:
    (tmp_path / lock).touch()
    exporter(tmp_path / "bin", tool)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert read(tmp_path) == Requirements((f"six==1.17 --hash={HASH}",), lock)


def test_a_lock_that_contradicts_the_project_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "poetry.lock").touch()
    exporter(tmp_path / "bin", "poetry", "--broken")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ConfigError, match=r"poetry\.lock contradicts the project"):
        read(tmp_path)


@pytest.mark.parametrize("lock", ["poetry.lock", "Pipfile.lock"])
def test_a_lock_whose_tool_is_not_here_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    (tmp_path / lock).touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=f"{lock} was not read: .* is not installed here"):
        read(tmp_path)
    (tmp_path / "requirements.txt").write_text("six")
    found = read(tmp_path)
    assert found.lines == ("six",)
    assert lock in found.notes[0]


def test_a_pipfile_alone_is_told(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text("[packages]\nsix = '*'\n")
    with pytest.raises(ConfigError, match="stand in Pipfile") as caught:
        read(tmp_path)
    assert "pipenv requirements > requirements.txt" in (caught.value.hint or "")


BACKEND = """
import pathlib, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    wheel = "boat-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, wheel), "w") as archive:
        archive.writestr("boat.py", "")
        archive.writestr("boat-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: boat\\n"
            "Version: 1\\nProvides-Extra: aws\\nRequires-Dist: six==1.17\\n")
        archive.writestr("boat-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr("boat-1.dist-info/RECORD", "")
    return wheel
"""


def test_dynamic_dependencies_are_what_the_build_back_end_says(tmp_path: Path) -> None:
    (tmp_path / "boat.py").write_text("app = 1")
    (tmp_path / "backend.py").write_text(BACKEND)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "boat"\nversion = "1"\ndynamic = ["dependencies"]\n[build-system]\n'
        'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    chosen = resolve_project(tmp_path, {}, flags={"app": "boat:app"})
    parts = gather_app(chosen, tmp_path / "scratch", lambda _: None)
    (line,) = parts.requirements
    assert line.startswith("boat @ file:///")
    assert parts.shipped == ("boat",)


@pytest.mark.parametrize("file", ["setup.py", "setup.cfg"])
def test_a_setup_file_alone_is_left_to_the_build_back_end(tmp_path: Path, file: str) -> None:
    (tmp_path / file).touch()
    assert read(tmp_path).lines == (f"-e {tmp_path}",)


@pytest.mark.parametrize(
    ("declared", "lines"),
    [
        (OF_FERRYMAN, ("idna", "redis>=8,<9")),
        (OF_FERRYMAN.replace("idna", "redis==8.0.1"), ("redis==8.0.1",)),
        (OF_FERRYMAN.replace("[k8s,redis]", "[k8s]"), ("idna",)),
    ],
)
def test_of_ferryman_an_extra_for_apps_ships_alone(
    declared: str, lines: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(declared)
    assert read(tmp_path).lines == lines


def test_the_extras_for_apps_are_those_of_the_package() -> None:
    root = Path(__file__).parents[2]
    extras = read_pyproject(root)["project"]["optional-dependencies"]
    assert {name: [line] for name, line in SHIPPED_EXTRAS.items()} == {
        name: extras[name] for name in SHIPPED_EXTRAS
    }
