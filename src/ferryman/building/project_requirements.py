"""Finds the app's requirements in any of the files that can declare them.

The first of these that exists counts: the file that `requirements` names, a lock, what
pyproject.toml declares or setup.py does, a requirements.txt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.dependency_groups import resolve_dependency_groups
from packaging.utils import canonicalize_name

from ferryman.building.dependencies import name_of
from ferryman.building.lock_files import Chosen, find_lock
from ferryman.building.requirements_file import (
    DIRECTORY,
    read_requirement,
    read_requirements_file,
)
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.required_python import check_required_python
from ferryman.project.setting_sources import read_pyproject

__all__ = ("SHIPPED_EXTRAS", "Requirements", "project_requirements")

# The file to read if nothing else declares requirements.
_USUAL_FILE = "requirements.txt"

SHIPPED_EXTRAS = {"redis": "redis>=8,<9"}
"""The extras of ferryman for apps, not for builds; pyproject.toml has them too."""

# setuptools's files of requirements, besides pyproject.toml.
_SETUP_FILES = ("setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of an app.

    Attributes:
        lines: Lines of a requirements file; some name sources. A line with the project's own
            directory stands for the requirements that its build back end reports.
        place: Their source, such as `uv.lock`.
        notes: Sources that were not read, in words.
    """

    lines: tuple[str, ...]
    place: str
    notes: tuple[str, ...] = ()


def project_requirements(project: Project) -> Requirements:
    """Return the app's own requirements.

    ferryman itself is left out: a build adds its runtime half, and never what its command
    line needs.

    Raises:
        ConfigError: The file is missing, a line of it is not a requirement, a lock contradicts
            the project or cannot be read, an extra or a group is not there, or the project
            needs another Python.
        BuildError: uv could not be run, or failed for another reason.
    """
    check_required_python(project)
    root = project.root
    chosen = Chosen(project.fields.python, project.fields.extras, project.fields.groups)
    found = _read(project, chosen)
    whole = [part for line in found.lines for part in _without_project(line, root, chosen)]
    lines = dict.fromkeys(line for line in whole if not _is_ferryman(line))
    asked = (*whole, *read_pyproject(root).get("project", {}).get("dependencies", ()))
    lines |= dict.fromkeys(_of_shipped_extras(asked, lines))
    return Requirements(tuple(lines), found.place, found.notes)


def _of_shipped_extras(asked: Iterable[object], there: Iterable[str]) -> Iterator[str]:
    """Yield the requirements of ferryman's own extras that are not among the lines yet.

    A lock is read without ferryman and its requirements, so pyproject.toml gives the extras.
    """
    names = {name_of(line) for line in there}
    for line in asked:
        if isinstance(line, str) and name_of(line) == "ferryman":
            extras = line.partition("[")[2].partition("]")[0].split(",")
            for requirement in (SHIPPED_EXTRAS.get(extra.strip(), "") for extra in extras):
                if requirement and name_of(requirement) not in names:
                    yield requirement


def _read(project: Project, chosen: Chosen) -> Requirements:
    root = project.root
    if file := project.fields.requirements:
        lines = (*read_requirements_file(root / file), *_of_groups(root, chosen))
        return Requirements(lines, file)
    lock = find_lock(root, chosen)
    if lock and lock.lines is not None:
        return Requirements(lock.lines, lock.place)
    notes = (lock.problem,) if lock else ()
    if _declares(root):
        return Requirements(_declared(root, chosen), "pyproject.toml", notes)
    if (root / _USUAL_FILE).is_file():
        lines = (*read_requirements_file(root / _USUAL_FILE), *_of_groups(root, chosen))
        return Requirements(lines, _USUAL_FILE, notes)
    if lock:
        raise ConfigError(lock.problem, hint=lock.hint)
    if _by_poetry(read_pyproject(root)):
        return Requirements((_by_back_end(root, chosen),), "pyproject.toml")
    _refuse_unread(root)
    for file in _SETUP_FILES:
        if (root / file).is_file():
            return Requirements((_by_back_end(root, chosen),), file)
    return Requirements(_declared(root, chosen), "pyproject.toml")


def _declares(root: Path) -> bool:
    project = read_pyproject(root).get("project", {})
    return "dependencies" in project or _are_dynamic(project)


def _are_dynamic(project: Mapping[str, object]) -> bool:
    dynamic = project.get("dynamic")
    return isinstance(dynamic, list) and "dependencies" in dynamic


def _declared(root: Path, chosen: Chosen) -> tuple[str, ...]:
    """Return the requirements in pyproject.toml, with the chosen extras and groups."""
    document = read_pyproject(root)
    project = document.get("project", {})
    if _are_dynamic(project):
        return (_by_back_end(root, chosen), *_of_groups(root, chosen))
    read = list(_texts(project.get("dependencies", []), "[project] dependencies"))
    extras = project.get("optional-dependencies", {})
    for extra in chosen.extras:
        read += _of_extra(extra, extras, project.get("name", ""))
    _refuse_unlocked_sources(read, document)
    return (*read, *_of_groups(root, chosen))


def _of_extra(extra: str, extras: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield the requirements of an extra, which may name others as extras of the project."""
    by_name = {canonicalize_name(key): key for key in extras}
    if canonicalize_name(extra) not in by_name:
        raise ConfigError(
            f"extras: pyproject.toml has no extra '{extra}'",
            cause=f"[project.optional-dependencies] has {', '.join(extras) or 'none'}",
        )
    key = by_name[canonicalize_name(extra)]
    for line in _texts(extras[key], f"[project.optional-dependencies] {key}"):
        if name_of(line) != canonicalize_name(name):
            yield line
            continue
        for other in line.partition("[")[2].partition("]")[0].split(","):
            yield from _of_extra(other.strip(), extras, name)


def _of_groups(root: Path, chosen: Chosen) -> tuple[str, ...]:
    """Return the requirements of the chosen dependency groups: PEP 735."""
    groups = read_pyproject(root).get("dependency-groups", {})
    if missing := [group for group in chosen.groups if group not in groups]:
        raise ConfigError(
            f"groups: pyproject.toml has no dependency group '{missing[0]}'",
            cause=f"[dependency-groups] has {', '.join(groups) or 'none'}",
        )
    try:
        return tuple(resolve_dependency_groups(groups, *chosen.groups))
    except (LookupError, ValueError, TypeError, ExceptionGroup) as error:
        raise ConfigError(
            "pyproject.toml [dependency-groups] is not valid", cause=str(error)
        ) from None


def _texts(lines: object, key: str) -> Iterator[str]:
    place = f"pyproject.toml {key}"
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ConfigError(
            f"{place} is not valid", cause=f"it is not a list of strings (it is {lines!r})"
        )
    return (read_requirement(line, place) for line in lines)


def _by_back_end(root: Path, chosen: Chosen) -> str:
    extras = f"[{','.join(chosen.extras)}]" if chosen.extras else ""
    return f"{DIRECTORY}{root}{extras}"


def _by_poetry(document: Mapping[str, Any]) -> bool:
    """Return whether Poetry's back end can report the project's requirements."""
    poetry = document.get("tool", {}).get("poetry", {})
    back_end = document.get("build-system", {}).get("build-backend", "")
    return poetry.get("package-mode", bool(poetry)) and str(back_end).startswith("poetry.")


def _refuse_unread(root: Path) -> None:
    """Refuse requirements in files that a build does not read.

    Raises:
        ConfigError: The project has such requirements.
    """
    document = read_pyproject(root)
    needed = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    if {*needed} - {"python"} and "dependencies" not in document.get("project", {}):
        raise ConfigError(
            "pyproject.toml: the dependencies stand in [tool.poetry], where no build back end"
            " reads them",
            hint="move them to [project], or write them out by "
            f"`poetry export --output {_USUAL_FILE}`",
        )
    for file, way in _UNREAD.items():
        if (root / file).is_file():
            raise ConfigError(
                f"the dependencies stand in {file}, which a build does not read",
                hint=f"write them out by `{way}`",
            )


_UNREAD = {
    "Pipfile": f"pipenv lock && pipenv requirements > {_USUAL_FILE}",
    "environment.yml": f"pip freeze > {_USUAL_FILE}",
}


def _refuse_unlocked_sources(lines: Sequence[str], document: Mapping[str, Any]) -> None:
    """Refuse packages with a source in [tool.uv.sources] if there is no uv.lock.

    Raises:
        ConfigError: There is such a package; an index may have a stranger's package of that name.
    """
    sources = document.get("tool", {}).get("uv", {}).get("sources", {})
    names = {name_of(line) for line in lines}
    if elsewhere := [name for name in sources if canonicalize_name(name) in names]:
        raise ConfigError(
            f"pyproject.toml: [tool.uv.sources] says where {', '.join(elsewhere)} comes from, "
            "and there is no uv.lock",
            cause="without the lock it would be taken from the index, which may have another "
            "package of that name",
            hint="run `uv lock`",
        )


def _without_project(line: str, root: Path, chosen: Chosen) -> Sequence[str]:
    """Return a line, or the project's declared requirements if the line is its directory."""
    if _directory(line) != root or not _declares_here(root):
        return (line,)
    asked = line.partition("[")[2].rstrip("]").split(",") if "[" in line else ()
    extras = dict.fromkeys((*asked, *chosen.extras))
    return _declared(root, Chosen(chosen.python, tuple(filter(None, extras))))


def _declares_here(root: Path) -> bool:
    project = read_pyproject(root).get("project", {})
    return bool(project) and not _are_dynamic(project)


def _is_ferryman(line: str) -> bool:
    directory = _directory(line)
    if directory is None:
        return name_of(line) == "ferryman"
    return bool(read_pyproject(directory).get("project", {}).get("name") == "ferryman")


def _directory(line: str) -> Path | None:
    """Return the directory of sources that a line names, if it names one."""
    if not line.startswith(DIRECTORY):
        return None
    path = Path(line.removeprefix(DIRECTORY).partition("[")[0])
    return path if path.is_dir() else None
