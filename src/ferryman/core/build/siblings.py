"""Finds what the app imports and its artifact would not hold: modules beside it, and packages.

A module beside the app's own ships only if `include` names it. What imports it fails at the
first start, and where the build cannot try that, at the first start in production.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ferryman.core.build.app_module import find_source
from ferryman.core.build.sources import SourceFile
from ferryman.core.errors import ConfigError

__all__ = ("check_siblings", "missing_imports")


def check_siblings(
    files: Sequence[SourceFile], root: Path, project: Path, provided: Iterable[str] = ()
) -> None:
    """See that what the app imports for sure from its own directory ships.

    Args:
        files: The app's files.
        root: The directory that the app is imported from.
        project: The project's directory.
        provided: The places of all other files of the artifact, as far as they are known.

    Raises:
        ConfigError: A module that is imported lies there, and does not ship.
    """
    for name, importer in _unmet(files, provided):
        _check(name, importer, root, project)


def missing_imports(files: Sequence[SourceFile], provided: Iterable[str]) -> tuple[str, ...]:
    """Return, in words, what the app's modules import for sure and nothing provides.

    A module that is never imported may do so too: so this is told, and no error.

    Args:
        files: The app's files.
        provided: The places of all other files that are there.
    """
    first: dict[str, str] = {}
    for name, importer in _unmet(files, provided):
        first.setdefault(name, importer)
    return tuple(
        f"{importer} imports {name}, which is not among the dependencies"
        for name, importer in first.items()
    )


def _unmet(files: Sequence[SourceFile], provided: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the top-level modules that are imported and not there, and by which line."""
    there = {file.place.partition("/")[0].removesuffix(".py") for file in files}
    there |= {place.partition("/")[0].partition(".")[0] for place in provided}
    for file in files:
        if file.place.endswith(".py"):
            for name, line in _imported(file.path):
                if name not in there and name not in sys.stdlib_module_names:
                    yield name, f"{file.place}:{line}"


def _check(name: str, importer: str, root: Path, project: Path) -> None:
    source = find_source(root, name)
    if source is not None:
        entry = source.parent if source.name == "__init__.py" else source
        raise ConfigError(
            f"{importer} imports {name}, which would not ship",
            cause=f"{entry} is beside the app, and not in it",
            hint=f'name it in [tool.ferryman]: include = ["{entry.relative_to(project)}"]',
        )


def _imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level modules that a file imports whenever it is imported, with the lines."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        return  # a template, or a newer Python's
    for node in body:
        match node:
            case ast.Import(names=names):
                yield from ((alias.name.partition(".")[0], node.lineno) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0], node.lineno
