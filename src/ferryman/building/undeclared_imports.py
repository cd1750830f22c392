"""Finds what the app imports and its artifact would not hold.

It fails at the first start, and where the build cannot try that, at the first in production.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from ferryman.building.app_files import SourceFile
from ferryman.building.import_scan import imported_packages

__all__ = ("missing_imports",)


def missing_imports(files: Sequence[SourceFile], provided: Iterable[str]) -> tuple[str, ...]:
    """Return, in words, what the app's modules import for sure and nothing provides.

    A module that is never imported may do so too, so this is a note and not an error.

    Args:
        files: The app's modules.
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
            for name, line in imported_packages(file.path):
                if name not in there and name not in sys.stdlib_module_names:
                    yield name, f"{file.place}:{line}"
