"""Reads the pins in a lock: uv's, pylock.toml, Poetry's and Pipenv's.

uv.lock is read by uv, and the locks of Poetry and Pipenv by their own exporters if those are
installed: no other program reads their formats.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferryman.building.requirements_file import DIRECTORY, parse_requirements
from ferryman.building.uv import run_uv
from ferryman.core.errors import ConfigError, reason_of
from ferryman.project.setting_sources import read_pyproject

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.pylock import Package

__all__ = ("Chosen", "Lock", "find_lock")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choices that a lock is read for.

    Attributes:
        python: The Python, as major.minor.
        extras: Extras of the project.
        groups: Dependency groups.
    """

    python: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """The pins of a lock, or the reason why it could not be read.

    Attributes:
        place: The lock's name.
        lines: Lines of a requirements file; None if it could not be read.
        problem: Why it could not be read, in a sentence.
        hint: What to do about it.
    """

    place: str
    lines: tuple[str, ...] | None
    problem: str = ""
    hint: str = ""


def find_lock(root: Path, chosen: Chosen) -> Lock | None:
    """Return the project's lock, if it has one.

    Args:
        root: The project's directory.
        chosen: What the app is built with.

    Raises:
        ConfigError: The lock is older than the project, or not a valid lock.
        BuildError: uv could not be run, or failed for another reason.
    """
    if place := _directory_of_uv_lock(root):
        return Lock("uv.lock", _locked_by_uv(root, place, chosen))
    for name, read in _OTHERS.items():
        if (root / name).is_file():
            return read(root, chosen)
    return None


def _directory_of_uv_lock(root: Path) -> Path | None:
    """Return the directory of uv.lock: the project's, or the root of its workspace."""
    for place in (root, *root.parents):
        if (place / "uv.lock").is_file() and (
            place == root or "workspace" in read_pyproject(place).get("tool", {}).get("uv", {})
        ):
            return place
    return None


def _locked_by_uv(root: Path, place: Path, chosen: Chosen) -> tuple[str, ...]:
    # Omit ferryman's own requirements too, unless the app also has them.
    exported = run_uv(
        [
            *("export", "--quiet", "--locked", "--no-default-groups", "--prune", "ferryman"),
            *("--no-emit-project", "--no-header", "--no-annotate", "--no-python-downloads"),
            *("--format", "requirements-txt"),
            *(part for extra in chosen.extras for part in ("--extra", extra)),
            *(part for group in chosen.groups for part in ("--group", group)),
        ],
        (),
        root,
    )
    lines = parse_requirements(exported, "uv.lock", place)
    return (*_private_indexes(place), *lines)


def _private_indexes(place: Path) -> Iterator[str]:
    """Yield the indexes that uv uses only for the sources that name them.

    Every line of a lock has hashes, so using all indexes is safe.
    """
    indexes = read_pyproject(place).get("tool", {}).get("uv", {}).get("index", [])
    named = [one for one in indexes if one.get("explicit") and "name" in one]
    if named:
        yield "--index-strategy unsafe-best-match"
    for one in named:
        yield f"--index {one['name']}={one['url']}"


def _read_pylock(root: Path, chosen: Chosen) -> Lock:
    from packaging.pylock import Pylock, PylockValidationError

    name = "pylock.toml"
    try:
        lock = Pylock.from_dict(tomllib.loads((root / name).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError, PylockValidationError) as error:
        raise ConfigError(f"{name} cannot be read", cause=reason_of(error)) from None
    if lock.requires_python and f"{chosen.python}.99" not in lock.requires_python:
        raise ConfigError(
            f"{name} is for Python {lock.requires_python}, and the project is built for "
            f"{chosen.python}",
            hint="lock it again, or set python in [tool.ferryman]",
        )
    groups = {*(lock.default_groups or ()), *chosen.groups}
    lines = (
        _line_of(package, root)
        for package in lock.packages
        if _is_asked_for(package.marker, {*chosen.extras}, groups)
    )
    return Lock(name, tuple(lines))


def _is_asked_for(marker: Marker | None, extras: set[str], groups: set[str]) -> bool:
    """Return whether a package may be installed with these choices, on some platform."""
    text = str(marker or "")
    if "extras" not in text and "dependency_groups" not in text:
        return True
    assert marker is not None
    chosen = {"extras": extras, "dependency_groups": groups}
    return marker.evaluate(chosen, context="lock_file")


def _line_of(package: Package, root: Path) -> str:
    """Return the line of a requirements file for a package of a pylock.toml."""
    name, marker = package.name, str(package.marker or "")
    if "extras" in marker or "dependency_groups" in marker:
        marker = ""
    after = f" ; {marker}" if marker else ""
    if package.directory:
        return f"{DIRECTORY}{(root / package.directory.path).resolve()}"
    if package.vcs:
        where = package.vcs.url or (root / str(package.vcs.path)).as_uri()
        return f"{name} @ {package.vcs.type}+{where}@{package.vcs.commit_id}{after}"
    if package.archive:
        where = package.archive.url or (root / str(package.archive.path)).as_uri()
        return f"{name} @ {where}{after}"
    files = [*(package.wheels or ()), *([package.sdist] if package.sdist else ())]
    hashes = {f"sha256:{file.hashes['sha256']}" for file in files if "sha256" in file.hashes}
    return f"{name}=={package.version}{after}" + "".join(f" --hash={h}" for h in sorted(hashes))


def _read_poetry(root: Path, chosen: Chosen) -> Lock:
    command = ["poetry", "export", "--format", "requirements.txt", "--no-interaction"]
    command += [part for extra in chosen.extras for part in ("--extras", extra)]
    command += [part for group in chosen.groups for part in ("--with", group)]
    return _exported(root, "poetry.lock", command, "poetry-plugin-export")


def _read_pipenv(root: Path, chosen: Chosen) -> Lock:
    command = ["pipenv", "requirements", "--hash"]
    if chosen.groups:
        command += ["--categories", ",".join(("packages", *chosen.groups))]
    return _exported(root, "Pipfile.lock", command, "pipenv")


def _exported(root: Path, name: str, command: list[str], package: str) -> Lock:
    """Return the lock as its own tool exports it."""
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    program = shutil.which(command[0], path=beside)
    shown = " ".join(command[:2])
    if program is None:
        return _unread(name, f"`{shown}` is not installed here", package, shown)
    # A tool that manages environments makes one for the project, and looks into this one.
    environment = os.environ | {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_VERBOSITY": "-1"}
    done = subprocess.run(
        [program, *command[1:]],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    said = done.stderr + done.stdout
    if done.returncode:
        if "lock file" in said and ("changed" in said or "up to date" in said):
            raise ConfigError(
                f"{name} contradicts the project", cause=said.strip().splitlines()[-1]
            )
        return _unread(name, f"`{shown}` failed: {_first_line(said)}", package, shown)
    return Lock(name, parse_requirements(done.stdout, name, root))


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "it gave no reason")


def _unread(name: str, why: str, package: str, shown: str) -> Lock:
    return Lock(
        name,
        None,
        problem=f"{name} was not read: {why}",
        hint=f"pip install {package}, or write it out by `{shown} > requirements.txt`, and set "
        'requirements = "requirements.txt" in [tool.ferryman]',
    )


_OTHERS: dict[str, Callable[[Path, Chosen], Lock]] = {
    "pylock.toml": _read_pylock,
    "poetry.lock": _read_poetry,
    "Pipfile.lock": _read_pipenv,
}
