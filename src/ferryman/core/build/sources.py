"""Chooses the files that ship: the app's own, and the runtime half of ferryman.

Choosing is pure but for reading directories; copying is one function at the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ferryman.core.app_reference import AppModuleMissing
from ferryman.core.build.app_module import check_reference, find_module, find_source, modules_like
from ferryman.core.build.project import Project
from ferryman.core.errors import ConfigError

__all__ = ("SourceFile", "app_files", "copy_files", "import_root", "runtime_files")

_NEVER = ("__pycache__", "*.pyc", ".*")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that ships.

    Attributes:
        path: Where it lies now.
        place: Where it goes in the artifact, relative and with forward slashes.
    """

    path: Path
    place: str


def import_root(project: Project) -> Path:
    """Return the directory that the app is imported from: `src`, or the project's own.

    Raises:
        AppModuleMissing: The app's top-level module is in neither.
    """
    top = project.app.module.partition(".")[0]
    roots = (project.root / "src", project.root)
    for root in roots:
        if find_source(root, project.app.module):
            return root
    for root in roots:
        if find_module(root, top):
            return root
    raise AppModuleMissing(
        f"there is no module '{top}' for the app {project.app}",
        cause=f"neither {project.root.name}/{top} nor {project.root.name}/src/{top} exists",
        hint=modules_like(top, roots),
    )


def app_files(project: Project) -> tuple[SourceFile, ...]:
    """Return the files of the app: its top-level package or module, and what it includes.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing: The reference leads nowhere.
        AppFactoryFailed: It leads to a function that cannot be called without arguments.
        ConfigError: An included path does not exist, or lies outside the project.
    """
    root = import_root(project)
    check_reference(project.app, root, project.fields.python)
    package = find_module(root, project.app.module.partition(".")[0])
    assert package
    found = dict(_walk(package, root, project))
    for entry in project.fields.include:
        path = _included(entry, project)
        # What lies in src is imported from there, so it goes where imports look.
        base = root if path.is_relative_to(root) else project.root
        found.update(_walk(path, base, project))
    return tuple(SourceFile(path, place) for place, path in sorted(found.items()))


def runtime_files(target_package: str) -> tuple[SourceFile, ...]:
    """Return the runtime half of ferryman: core's, and one target's `runtime` package.

    Args:
        target_package: The target's package under `ferryman.targets`, such as `lambda_`.
    """
    home = Path(__file__).parents[2]
    target = home / "targets" / target_package
    packages = [home, home / "core", home / "targets", target]
    modules = [package / "__init__.py" for package in packages]
    modules += (home / "core").glob("*.py")
    modules += (target / "runtime").rglob("*.py")
    places = {path.relative_to(home.parent).as_posix(): path for path in modules}
    return tuple(SourceFile(path, place) for place, path in sorted(places.items()))


def copy_files(files: Iterable[SourceFile], into: Path) -> None:
    """Copy files to their places under a directory."""
    for file in files:
        place = into / file.place
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, place)
        place.chmod(0o755 if file.path.stat().st_mode & 0o100 else 0o644)


def _included(entry: str, project: Project) -> Path:
    place = f"{project.origins['include']}: '{entry}'"
    parts = Path(entry).parts
    if not parts or ".." in parts or Path(entry).is_absolute():
        raise ConfigError(
            f"{place} is no path inside the project",
            hint="paths are relative to the project's directory",
        )
    path = project.root / entry
    if not path.exists():
        raise ConfigError(
            f"{place} does not exist", hint="paths are relative to the project's directory"
        )
    return path


def _walk(path: Path, root: Path, project: Project) -> Iterator[tuple[str, Path]]:
    _check_place(path, project)
    if path.is_dir():
        for child in sorted(path.iterdir()):
            if not _is_excluded(child.name, project):
                yield from _walk(child, root, project)
    elif path.is_file():
        yield _place(path.relative_to(root)), path
    else:
        raise ConfigError(
            f"{path} is neither a file nor a directory",
            hint="remove it, or add its name to exclude in [tool.ferryman]",
        )


def _place(path: Path) -> str:
    """Return a path as an artifact has it, which is UTF-8 whatever the locale here is.

    Raises:
        ConfigError: Its name is in another encoding.
    """
    try:
        return os.fsencode(path).decode()
    except UnicodeDecodeError:
        raise ConfigError(
            f"the name of the file {os.fsencode(path)!r} is not UTF-8",
            cause="an artifact has its names in UTF-8, and this one would be another",
            hint="rename it, or add a pattern for it to exclude in [tool.ferryman]",
        ) from None


def _check_place(path: Path, project: Project) -> None:
    leads_to = Path(os.path.realpath(path))
    if not leads_to.is_relative_to(project.root):
        raise ConfigError(
            f"{path} leads outside the project, to {leads_to}",
            hint="copy what it leads to into the project, or add its name to exclude",
        )
    if path.is_symlink() and path.parent.resolve().is_relative_to(leads_to):
        raise ConfigError(
            f"{path} leads to {leads_to}, which holds it",
            hint="remove it, or add its name to exclude in [tool.ferryman]",
        )


def _is_excluded(name: str, project: Project) -> bool:
    return any(fnmatch(name, pattern) for pattern in (*_NEVER, *project.fields.exclude))
