"""Finds the installed targets, by the entry-point group `ferryman.targets`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ferryman.core.errors import ConfigError
from ferryman.records.suggestion import did_you_mean
from ferryman.targets.protocols import RunsLike, Target

__all__ = ("GROUP", "find_target", "installed_targets", "runs_like")

GROUP = "ferryman.targets"

_MEMBERS = ("name", "summary", "options", "capabilities", "runs_like", "build")


def installed_targets() -> dict[str, Target]:
    """Return every target that is installed, by name, in the order of their names.

    Raises:
        ConfigError: A target could not be loaded, or two have the same name.
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
        ConfigError: No target of that name is installed.
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


def runs_like(target: Target) -> RunsLike:
    """Return how the app of a target runs on this machine.

    Raises:
        ConfigError: It does not run on this machine.
    """
    if target.runs_like is None:
        raise ConfigError(
            f"the target {target.name} does not run on this machine",
            hint="name another target, such as server",
        )
    return target.runs_like


@cache
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
    target.options()  # raises if a field has no default


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value
