"""Reads which modules a source imports, and which of them the artifact lacks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferryman.building.app_files import SourceFile

__all__ = ("imported_names", "imported_packages", "missing_imports")


def imported_packages(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level modules that a file imports whenever it is imported, with the lines."""
    for node in _parse(path.read_bytes()):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name.partition(".")[0], node.lineno) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0], node.lineno


def imported_names(path: Path, package: str) -> Iterator[str]:
    """Yield each module that a file may import, in functions too, by its full name.

    `from a import b` may import a module `a.b`, or a name in `a`: both are yielded.

    Args:
        path: The file.
        package: The file's package; empty for a top-level module.
    """
    yield from _names(path.read_bytes(), package)


# The builds of several targets read the same files.
@lru_cache(maxsize=10_000)
def _names(source: bytes, package: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_walk_names(source, package)))


def _walk_names(source: bytes, package: str) -> Iterator[str]:
    for node in (inner for top in _parse(source) for inner in ast.walk(top)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = _above(package, level) if level else ""
                of = ".".join(filter(None, (above, module)))
                yield from (f"{of}.{alias.name}".lstrip(".") for alias in names)
                yield from filter(None, (of,))


def _above(package: str, level: int) -> str:
    parts = package.split(".")
    return ".".join(parts[: len(parts) - level + 1])


def _parse(source: bytes) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError):
        return []  # a template, or a newer Python's


def missing_imports(files: Sequence[SourceFile], provided: Iterable[str]) -> tuple[str, ...]:
    """Return a note on each module that the app surely imports and nothing provides.

    It is a note and not an error, because the importing module may itself never be imported.

    Args:
        files: The app's modules.
        provided: The places of all other files.
    """
    first: dict[str, str] = {}
    for name, importer in _unmet(files, provided):
        first.setdefault(name, importer)
    return tuple(
        f"{importer} imports {name}, which is not among the dependencies"
        for name, importer in first.items()
    )


def _unmet(files: Sequence[SourceFile], provided: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the missing top-level modules, and the line that imports each."""
    there = {file.place.partition("/")[0].removesuffix(".py") for file in files}
    there |= {place.partition("/")[0].partition(".")[0] for place in provided}
    for file in files:
        if file.place.endswith(".py"):
            for name, line in imported_packages(file.path):
                if name not in there and name not in sys.stdlib_module_names:
                    yield name, f"{file.place}:{line}"
