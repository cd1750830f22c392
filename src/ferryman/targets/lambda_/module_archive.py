"""Puts the modules that every cold start imports into one file, which is read at once.

Their own files stay where they are, for programs that import them without the runtime's start:
a function that only names its handler, a process that the app starts.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path

from ferryman.building.tried_packages import modules_of_a_start

__all__ = ("LIST", "pack_modules", "started_modules")

LIST = "started.txt"
"""The modules of a start in which nothing waits but what ferryman's own compiler has wait."""

# A magic number, flags and a hash come before the code: PEP 552.
_HEADER = 16

# The newest format whose bytes do not depend on how often a value is referred to.
_FORMAT = 2


def started_modules() -> tuple[str, ...]:
    """Return the modules of ferryman, and of the packages that were tried, that a start imports."""
    own = resources(__package__).joinpath(LIST).read_text(encoding="utf-8").split()
    return (*own, *modules_of_a_start())


def pack_modules(files: Mapping[str, Path], tag: str) -> bytes:
    """Return the content of the file, for those of the modules that ship as bytecode.

    Args:
        files: The files of the bundle, by their places.
        tag: What the Python that runs them puts in the names of bytecode files.
    """
    modules = {}
    for name in started_modules():
        place = name.replace(".", "/")
        for package, path in (
            (True, files.get(f"{place}/__init__.pyc")),
            (False, files.get(f"{place}.pyc")),
        ):
            if path is not None:
                modules[name] = (package, path.read_bytes()[_HEADER:])
    return marshal.dumps((tag, modules), _FORMAT)
