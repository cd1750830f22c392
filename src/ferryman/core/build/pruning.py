"""Decides which files of a wheel nothing needs when the app runs, each with its reason.

Pure: it sees the places of files, and touches none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

__all__ = ("BYTECODE_ONLY", "choose_dropped", "is_kept")

BYTECODE_ONLY = "its bytecode ships in its place"
"""The reason for a source that is dropped once it is compiled."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Patterns of the names of files or directories, at any depth, and why they go."""

    patterns: tuple[str, ...]
    reason: str


_RULES = (
    _Rule(("__pycache__", "*.pyc"), "bytecode of another build"),
    _Rule(("test", "tests", "test_*.py", "pytest_plugin.py", "_testcapi.*"), "tests"),
    _Rule(("*.pyi", "py.typed"), "for type checkers"),
    _Rule(("*.pyx", "*.pxd", "*.pxi"), "Cython source"),
    _Rule(("*.c", "*.cc", "*.cpp", "*.h", "*.hpp"), "C source"),
    _Rule((".hash", ".lock"), "a leftover of a build"),
)

# In a `.dist-info` directory: what importlib.metadata can do without. Licences stay.
_METADATA = _Rule(
    ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_*.json", "sboms"),
    "an installer's notes",
)

# The scripts of packages. A directory of this name inside a package is the package's own.
_SCRIPTS = "bin"

_EXTENSION = ".so"


def choose_dropped(
    places: Iterable[str], *, keep: Iterable[str] = (), drop: Iterable[str] = ()
) -> dict[str, str]:
    """Return the files that are not shipped, with the reason for each.

    Args:
        places: The files of all packages, relative to their directory, with forward slashes.
        keep: Glob patterns of places that ship whatever the rules say. `*` matches slashes.
        drop: Glob patterns of places that do not, unless one of `keep` matches.
    """
    everything = sorted(places)
    keep, drop = tuple(keep), tuple(drop)
    compiled = {_stem(place) for place in everything if place.endswith(_EXTENSION)}
    reasons = {
        place: _reason(place, drop, compiled) for place in everything if not is_kept(place, keep)
    }
    return {place: reason for place, reason in reasons.items() if reason}


def is_kept(place: str, keep: Iterable[str]) -> bool:
    """Return whether a pattern of the project keeps a file as it is."""
    return any(fnmatchcase(place, pattern) for pattern in keep)


def _reason(place: str, drop: tuple[str, ...], compiled: set[str]) -> str | None:
    for pattern in drop:
        if fnmatchcase(place, pattern):
            return f"drop = {pattern!r}"
    parts = PurePosixPath(place).parts
    if parts[0] == _SCRIPTS:
        return "a script of the command line"
    rules = (*_RULES, _METADATA) if parts[0].endswith(".dist-info") else _RULES
    for rule in rules:
        if any(fnmatchcase(part, pattern) for part in parts for pattern in rule.patterns):
            return rule.reason
    if place.endswith(".py") and place.removesuffix(".py") in compiled:
        return "an extension module of the same name is imported in its place"
    return None


def _stem(place: str) -> str:
    """Return an extension module's place without its suffixes: `a/b.cpython-313.so` is `a/b`."""
    directory, slash, name = place.rpartition("/")
    return directory + slash + name.partition(".")[0]
