"""The packages that ferryman was tested with after pruning, version by version.

Only these are pruned by default; other packages are only compiled. The list is
`tried_packages.toml`, which the tests in `tests/packages` check against the packages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

__all__ = (
    "Tried",
    "modules_of_a_start",
    "tried_digest",
    "tried_package",
    "tried_packages",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """A tested package.

    Attributes:
        name: The distribution's name, normalised.
        versions: The tested versions.
        started: Its modules that a start imports.
        facades: Those of them that applications look through, and the names that are not in
            their `__dict__` until they are used.
        pythons: The Pythons with which these may have their definitions wait.
    """

    name: str
    versions: tuple[str, ...]
    started: tuple[str, ...]
    facades: Mapping[str, tuple[str, ...]]
    pythons: tuple[str, ...]


@cache
def tried_packages() -> dict[str, Tried]:
    """Return the packages by their names."""
    document = tomllib.loads(_text())
    return {
        name: Tried(
            name=name,
            versions=tuple(fields["versions"]),
            started=tuple(fields.get("started", ())),
            facades={name: (*names,) for name, names in fields.get("facades", {}).items()},
            pythons=tuple(document["pythons"]),
        )
        for name, fields in document["packages"].items()
    }


def tried_digest() -> str:
    """Return a digest of the list."""
    return sha256(_text().encode()).hexdigest()


def tried_package(name: str, version: str) -> Tried | None:
    """Return the entry of a package, if this version was tested.

    Args:
        name: The distribution's name, normalised.
        version: Its version.
    """
    found = tried_packages().get(name)
    return found if found and version in found.versions else None


def modules_of_a_start() -> tuple[str, ...]:
    """Return the modules of these packages that a start imports."""
    return tuple(module for one in tried_packages().values() for module in one.started)


@cache
def _text() -> str:
    return files(__package__).joinpath("tried_packages.toml").read_text(encoding="utf-8")
