"""Decides which package files to leave out of an artifact, each with its reason.

A package ships as pip installs it, except for files that depend on the machine. A slim package
ships without files that nothing imports; a package that lists a directory, reads its sources or
imports its tests may need those. The functions are pure, and in doubt they keep files.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

__all__ = ("BYTECODE_ONLY", "Choice", "choose_dropped", "find_self_reading", "is_kept", "is_test")

BYTECODE_ONLY = "its bytecode ships in its place"
"""The reason for a source that is dropped once it is compiled."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The rules for files.

    Attributes:
        keep: Glob patterns of places that ship unchanged. `*` matches slashes.
        drop: Glob patterns of places that do not ship, unless one of `keep` matches.
        slim: The places of packages that are slim.
        twins: Glob patterns of extension modules that slim packages have in Python too.
        scripts: The places of scripts that an installer wrote.
    """

    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    slim: Container[str] = ()
    twins: tuple[str, ...] = ()
    scripts: Container[str] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    """Patterns of names of files or directories, at any depth, and the reason to drop them."""

    patterns: tuple[str, ...]
    reason: str

    def takes(self, parts: Iterable[str]) -> bool:
        """Return whether a part of a place matches."""
        return any(fnmatchcase(part, pattern) for part in parts for pattern in self.patterns)


# Modules such as `aiohttp.test_utils` are for tests that use the package, and stay.
_TESTS = _Rule(("test", "tests", "_testcapi.*"), "tests")

_SLIM = (
    _TESTS,
    _Rule(("*.pyi", "py.typed"), "for type checkers"),
    _Rule(("*.pyx", "*.pxd", "*.pxi"), "Cython source"),
    _Rule(("*.c", "*.cc", "*.cpp", "*.h", "*.hpp"), "C source"),
    _Rule((".hash",), "a leftover of a build"),
)

# The source of a package: a path of this machine, or an address with a password.
_ORIGIN = _Rule(("direct_url.json", "uv_*.json"), "it tells where the package was installed from")

_EXTENSION = ".so"


def choose_dropped(places: Iterable[str], choice: Choice) -> dict[str, str]:
    """Return the files to drop, with the reason for each.

    Args:
        places: The files of all packages, relative to their directory, with forward slashes.
        choice: The rules.
    """
    everything = sorted(places)
    compiled = {_stem(place) for place in everything if place.endswith(_EXTENSION)}
    reasons = {place: _reason(place, choice, compiled) for place in everything}
    return {place: reason for place, reason in reasons.items() if reason}


def is_kept(place: str, keep: Iterable[str]) -> bool:
    """Return whether a pattern of the project keeps a file unchanged."""
    return any(fnmatchcase(place, pattern) for pattern in keep)


def is_test(place: str) -> bool:
    """Return whether a file is a test, by its name or the name of a directory."""
    return _TESTS.takes(PurePosixPath(place).parts)


def _reason(place: str, choice: Choice, compiled: set[str]) -> str | None:
    parts = PurePosixPath(place).parts
    if parts[0].endswith(".dist-info") and _ORIGIN.takes(parts[1:]):
        return _ORIGIN.reason
    if is_kept(place, choice.keep):
        return None
    for pattern in choice.drop:
        if fnmatchcase(place, pattern):
            return f"drop = {pattern!r}"
    if place == ".lock":
        return "the installer's own"
    if place in choice.scripts:
        return "a command-line script: it names the Python of this machine"
    if place not in choice.slim:
        return None
    if is_kept(place, choice.twins):
        return "its twin in Python does the same"
    for rule in _SLIM:
        if rule.takes(parts):
            return rule.reason
    if place.endswith(".py") and place.removesuffix(".py") in compiled:
        return "an extension module of the same name is imported in its place"
    return None


def _stem(place: str) -> str:
    """Return an extension module's place without its suffixes: `a/b.cpython-313.so` is `a/b`."""
    directory, slash, name = place.rpartition("/")
    return directory + slash + name.partition(".")[0]


_SIGNS = (
    (rb"\b(?:listdir|scandir|iterdir|r?glob|iglob|os\.walk)\s*\(", "lists a directory"),
    (rb"""\.py[icxd]?["']""", "names files by their ending"),
    (rb"\b(?:getsource\w*|linecache|attach_stub|get_source)\b", "reads sources"),
    (rb"\b(?:packages_distributions|metadata\.files|\.files\()", "asks what a package holds"),
    (rb"^[ \t]*(?:from|import)[ \t]+[\w.]*\b(?:tests?|test_\w+)\b", "imports tests"),
    (rb"^[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t(]+(?:tests?|test_\w+)\b", "imports tests"),
)
_SIGN = [(re.compile(pattern, re.MULTILINE), reason) for pattern, reason in _SIGNS]


def find_self_reading(sources: Mapping[str, bytes]) -> str | None:
    """Return why a package must ship whole, in words, or None.

    Args:
        sources: The texts of its modules, by their places.
    """
    for place, text in sources.items():
        if is_test(place):
            continue
        for pattern, reason in _SIGN:
            if match := pattern.search(text):
                line = text.count(b"\n", 0, match.start()) + 1
                return f"{place}:{line} {reason}"
    return None
