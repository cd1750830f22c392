"""Installs an app's dependencies for the platform that will run them.

uv resolves and fetches, for the named platform and Python and from wheels alone, so
that the building machine's own can never slip in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from ferryman.core.build.layers import read_pyproject
from ferryman.core.build.project import Project
from ferryman.core.build.required_python import check_required_python
from ferryman.core.build.requirements_file import (
    DIRECTORY,
    parse_requirements,
    read_requirement,
    read_requirements_file,
)
from ferryman.core.build.uv import run_uv
from ferryman.core.errors import ConfigError

__all__ = (
    "AIOHTTP",
    "Platform",
    "app_requirements",
    "install_wheels",
    "pin_requirements",
    "pin_wheels",
    "restrict_hashes",
)

AIOHTTP = "aiohttp>=3.14.2,<4"
"""What every runtime needs. Before 3.14.2 a worker whose app failed to start was
respawned for ever (aio-libs/aiohttp#12879)."""

# What is read where nothing else says what the app depends on.
_USUAL_FILE = "requirements.txt"

_HASH = re.compile(r"--hash[=\s]\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Platform:
    """What the wheels must fit.

    Attributes:
        python: The Python version, as major.minor.
        wheels: uv's name of the platform, such as `aarch64-manylinux_2_28`.
    """

    python: str
    wheels: str


def app_requirements(project: Project) -> tuple[str, ...]:
    """Return the app's own requirements, one line each; some are directories of sources.

    They come from the requirements file that the project names, else from uv.lock, else
    from `[project] dependencies` of pyproject.toml, else from a requirements.txt. ferryman
    itself is left out: a build adds its runtime half, and never what its command line needs.

    Raises:
        ConfigError: The file is missing, a line of it is no requirement, uv.lock is older
            than pyproject.toml, or the project needs another Python.
        BuildError: uv could not be run, or failed for another reason.
    """
    check_required_python(project)
    root = project.root
    lines: Sequence[str]
    if project.fields.requirements:
        lines = read_requirements_file(root / project.fields.requirements)
    elif locked := _directory_of_lock(root):
        lines = _locked(root, locked)
    elif (root / _USUAL_FILE).is_file() and not _declares(root):
        lines = read_requirements_file(root / _USUAL_FILE)
    else:
        lines = _declared(root)
    whole = (part for line in lines for part in _without_project(line, root))
    return tuple(line for line in whole if not _is_ferryman(line))


def pin_wheels(
    requirements: Sequence[str], platform: Platform, *, root: Path, omit: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return lines that pin every wheel to install, with its hashes.

    Args:
        requirements: Lines of a requirements file.
        platform: What the wheels must fit.
        root: The project's directory, so that its own settings of uv count.
        omit: Packages that are counted in, and yet get no line.

    Raises:
        ConfigError: There is no set of wheels that fits.
        BuildError: uv could not be run, or failed for another reason.
    """
    pinned = run_uv(
        [
            *("pip", "compile", "--quiet", "--no-progress", "--no-header", "--no-annotate"),
            *("--generate-hashes", "--only-binary", ":all:", "--python", sys.executable),
            *("--python-platform", platform.wheels, "--python-version", platform.python),
            *(part for name in omit for part in ("--no-emit-package", name)),
            "-",
        ],
        requirements,
        root,
    )
    lines = pinned.replace("\\\n", " ").splitlines()
    return restrict_hashes([" ".join(line.split()) for line in lines if line.strip()], requirements)


def restrict_hashes(pins: Sequence[str], requirements: Sequence[str]) -> tuple[str, ...]:
    """Return pins that allow no hash but those that the requirements name, where they do.

    uv pins all files that the index has of a version, whatever hashes it was asked for.

    Raises:
        ConfigError: The index has no file of a hash that is asked for.
    """
    asked: dict[str, set[str]] = {}
    for line in requirements:
        if hashes := _HASH.findall(line):
            asked.setdefault(_name(line), set()).update(hashes)
    return tuple(_restricted(pin, asked.get(_name(pin))) for pin in pins)


def _restricted(pin: str, asked: set[str] | None) -> str:
    if asked is None:
        return pin
    there = _HASH.findall(pin)
    allowed = [hash_ for hash_ in there if hash_ in asked]
    pinned = pin.partition(" --hash")[0]
    if not allowed:
        raise ConfigError(
            f"the files of {pinned} are not those that the project's hashes allow",
            cause=f"asked for {', '.join(sorted(asked))}; there is {', '.join(there)}",
            hint="lock the requirements again, if you trust what there is now",
        )
    return " ".join((pinned, *(f"--hash={hash_}" for hash_ in allowed)))


def install_wheels(
    pins: Sequence[str],
    platform: Platform,
    into: Path,
    *,
    root: Path,
    options: Sequence[str] = (),
) -> None:
    """Install wheels that are pinned into a directory, each as it is and nothing besides.

    Args:
        pins: What `pin_wheels` returned.
        platform: What the wheels must fit.
        into: The directory, which need not exist.
        root: The project's directory, so that its own settings of uv count.
        options: Lines that say where wheels are found, such as `--find-links`.

    Raises:
        BuildError: A wheel could not be fetched, or is not the one that was pinned.
    """
    run_uv(
        [
            *("pip", "install", "--quiet", "--no-progress", "--target", str(into), "--no-deps"),
            *("--python-platform", platform.wheels, "--python-version", platform.python),
            *("--only-binary", ":all:", "--link-mode", "copy"),
            *("--python", sys.executable, "-r", "-"),
        ],
        (*options, *pins),
        root,
    )


def pin_requirements(
    requirements: Sequence[str], python: str, *, root: Path, omit: Sequence[str] = ()
) -> str:
    """Return a requirements file that pins everything, for any Linux, with hashes.

    Args:
        requirements: Lines of a requirements file.
        python: The Python version, as major.minor.
        root: The project's directory, so that its own settings of uv count.
        omit: Packages that are counted in, and yet get no line.

    Raises:
        ConfigError: The requirements contradict each other, or one is no wheel that can be
            fetched from everywhere.
        BuildError: uv could not be run, or failed for another reason.
    """
    pinned = run_uv(
        [
            *("pip", "compile", "--quiet", "--no-progress", "--no-header"),
            *("--no-annotate", "--generate-hashes", "--universal", "--no-emit-index-url"),
            *("--no-emit-find-links", "--only-binary", ":all:"),
            *(part for name in omit for part in ("--no-emit-package", name)),
            *("--python", sys.executable, "--python-version", python, "-"),
        ],
        requirements,
        root,
    )
    _refuse_local(pinned)
    return pinned


def _refuse_local(pinned: str) -> None:
    # uv asks for a wheel only where it has to build something to know its dependencies.
    for line in pinned.splitlines():
        name, at, url = line.partition(" @ ")
        if at and not re.match(r"https?://\S+\.whl\b", url):
            raise ConfigError(
                f"the dependency {name} is no wheel that can be fetched from everywhere",
                cause=f"it is {url}",
                hint="depend on a version of it, or on the URL of a wheel",
            )


def _declares(root: Path) -> bool:
    project = read_pyproject(root).get("project", {})
    return "dependencies" in project or _are_dynamic(project)


def _are_dynamic(project: Mapping[str, object]) -> bool:
    dynamic = project.get("dynamic")
    return isinstance(dynamic, list) and "dependencies" in dynamic


def _declared(root: Path) -> Sequence[str]:
    document = read_pyproject(root)
    project = document.get("project", {})
    _refuse_poetry(document)
    if _are_dynamic(project):
        raise ConfigError(
            "pyproject.toml [project]: its dependencies are dynamic, so they cannot be read",
            hint="name a file of them: requirements in [tool.ferryman], or lock them with uv",
        )
    lines = project.get("dependencies", [])
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ConfigError(
            "pyproject.toml [project] dependencies is not valid",
            cause=f"it is no list of texts (it is {lines!r})",
        )
    place = "pyproject.toml [project] dependencies"
    read = [read_requirement(line, place) for line in lines]
    _refuse_unlocked_sources(read, root)
    return read


def _refuse_poetry(document: Mapping[str, Any]) -> None:
    needed = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    if {*needed} - {"python"} and "dependencies" not in document.get("project", {}):
        raise ConfigError(
            "pyproject.toml: the dependencies stand in [tool.poetry], which a build does not read",
            hint="move them to [project], or write them out by "
            f"`poetry export --output {_USUAL_FILE}`",
        )


def _refuse_unlocked_sources(lines: Sequence[str], root: Path) -> None:
    """See that no name leads to another place than the one that the project says it does.

    Raises:
        ConfigError: One would, and an index may have a stranger's package of that name.
    """
    sources = read_pyproject(root).get("tool", {}).get("uv", {}).get("sources", {})
    names = {_name(line) for line in lines}
    if elsewhere := [name for name in sources if canonicalize_name(name) in names]:
        raise ConfigError(
            f"pyproject.toml: [tool.uv.sources] says where {', '.join(elsewhere)} comes from, "
            "and there is no uv.lock",
            cause="without the lock it would be taken from the index, which may have another "
            "package of that name",
            hint="run `uv lock`",
        )


def _directory_of_lock(root: Path) -> Path | None:
    """Return where the project's uv.lock lies: beside it, or at the root of its workspace."""
    for place in (root, *root.parents):
        if (place / "uv.lock").is_file() and (
            place == root or "workspace" in read_pyproject(place).get("tool", {}).get("uv", {})
        ):
            return place
    return None


def _locked(root: Path, place: Path) -> Sequence[str]:
    # What ferryman itself needs goes with it, unless the app needs it too.
    exported = run_uv(
        [
            *("export", "--quiet", "--locked", "--no-default-groups", "--prune", "ferryman"),
            *("--no-emit-project", "--no-header", "--no-annotate", "--no-python-downloads"),
            *("--format", "requirements-txt"),
        ],
        (),
        root,
    )
    return parse_requirements(exported, "uv.lock", place)


def _without_project(line: str, root: Path) -> Sequence[str]:
    """Return a line, or what the project itself declares where the line is its directory."""
    return _declared(root) if _directory(line) == root else (line,)


def _is_ferryman(line: str) -> bool:
    directory = _directory(line)
    if directory is None:
        return _name(line) == "ferryman"
    return bool(read_pyproject(directory).get("project", {}).get("name") == "ferryman")


def _directory(line: str) -> Path | None:
    """Return the directory of sources that a line names, if it names one."""
    if not line.startswith(DIRECTORY):
        return None
    return Path(line.removeprefix(DIRECTORY).partition("[")[0])


def _name(line: str) -> str:
    """Return the package that a line asks for, or nothing if it is an option."""
    name = re.match(r"\w[\w.-]*", line)
    return canonicalize_name(name[0]) if name else ""
