"""Values of options for shell completion. Each list is read only when a shell asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

__all__ = ("complete_platforms", "complete_regions", "complete_targets")

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def _completing(names: Callable[[], Iterable[str]]) -> Complete:
    def complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        return sorted(name for name in names() if name.startswith(begun))

    return complete


def _targets() -> Iterable[str]:
    from importlib.metadata import entry_points

    return entry_points(group="ferryman.targets").names


def _regions() -> Iterable[str]:
    from ferryman.cost.prices.derived import known_regions

    return known_regions()


def _platforms() -> Iterable[str]:
    from ferryman.cost.platforms.catalog import platform_names

    return platform_names()


complete_targets = _completing(_targets)
complete_regions = _completing(_regions)
complete_platforms = _completing(_platforms)
