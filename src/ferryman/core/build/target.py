"""The Target protocol, and the registry that finds targets by their entry points.

This protocol is all that the command line and `migrate` know of a target. A package
adds a target of its own by the entry-point group `ferryman.targets`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import ClassVar, Protocol

from pydantic import BaseModel

from ferryman.core.build.artifact import Artifact
from ferryman.core.build.project import Project
from ferryman.core.build.suggestion import did_you_mean
from ferryman.core.capabilities import Capabilities
from ferryman.core.errors import ConfigError

__all__ = ("GROUP", "Address", "Progress", "Target", "find_target", "installed_targets")

GROUP = "ferryman.targets"

_MEMBERS = ("name", "summary", "options", "capabilities", "build", "serve")

Progress = Callable[[str], None]
"""Told what is being done, in a few words, whenever that changes."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Protocol):
    """A way to run the app."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """What the target is, in half a sentence."""

    options: ClassVar[type[BaseModel]]
    """The model of the target's own section, `[tool.ferryman.<name>]`; every field has a
    default."""

    capabilities: ClassVar[Capabilities]

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the artifact to the directory `out`, whole or not at all.

        Raises:
            FerrymanError: It could not be built; `out` is as it was.
        """

    def serve(self, project: Project, address: Address, progress: Progress) -> int:
        """Run the app here the way this target runs it, until a signal ends it.

        Returns:
            The exit status.
        """


def installed_targets() -> dict[str, Target]:
    """Return every target that is installed, by name, in the order of their names.

    Raises:
        ConfigError: One could not be loaded, or two have the same name.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            raise ConfigError(
                f"there are two targets named '{point.name}'",
                cause=f"the packages {_package(other)} and {_package(point)} both bring one",
                hint="remove one of the packages",
            )
    return {name: _load(point) for name, point in found.items()}


def find_target(name: str) -> Target:
    """Return the target of a name.

    Raises:
        ConfigError: None of that name is installed.
    """
    targets = installed_targets()
    if name not in targets:
        known = ", ".join(targets)
        raise ConfigError(
            f"there is no target '{name}'",
            cause=f"the targets are {known}",
            hint=did_you_mean(name, targets) or "install the package that provides it",
        )
    return targets[name]


def _load(point: EntryPoint) -> Target:
    try:
        target: Target = point.load()()
        _check(target)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"the target '{point.name}' could not be loaded",
            cause=f"{type(error).__name__}: {error}",
            hint=f"it comes from the package {_package(point)}: upgrade or remove that",
        ) from error
    if target.name != point.name:
        raise ConfigError(
            f"the entry point '{point.name}' in {GROUP} leads to a target named '{target.name}'",
            hint=f"it comes from the package {_package(point)}: upgrade or remove that",
        )
    return target


def _check(target: Target) -> None:
    missing = [name for name in _MEMBERS if not hasattr(target, name)]
    if missing:
        raise TypeError(f"{type(target).__name__} has no {' and no '.join(missing)}")
    target.options()  # raises where a field has no default


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
