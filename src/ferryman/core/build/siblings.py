"""Finds modules of the project that its app imports, and that would not ship with it.

A module beside the app's own ships only if `include` names it. What imports it fails at the
first start, and where the build cannot try that, at the first start in production.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ferryman.core.build.sources import SourceFile
from ferryman.core.errors import ConfigError

__all__ = ("check_siblings",)


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
    shipped = {file.place.partition("/")[0].removesuffix(".py") for file in files}
    shipped |= {place.partition("/")[0].partition(".")[0] for place in provided}
    for file in files:
        if file.place.endswith(".py"):
            for name, line in _imported(file.path):
                if name not in shipped and name not in sys.stdlib_module_names:
                    _check(name, f"{file.place}:{line}", root, project)


def _check(name: str, importer: str, root: Path, project: Path) -> None:
    for path in (root / f"{name}.py", root / name / "__init__.py"):
        if path.is_file():
            entry = path.parent if path.name == "__init__.py" else path
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
