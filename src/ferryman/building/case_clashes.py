"""Finds names that differ in case alone, of which some file systems keep one."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ("case_clashes",)


def case_clashes(places: Iterable[str]) -> tuple[str, ...]:
    """Return, in words, the names among places that differ in case alone.

    Args:
        places: Relative paths with forward slashes. Their directories count, too.
    """
    first: dict[str, str] = {}
    found = []
    for name in sorted({name for place in places for name in _with_directories(place)}):
        other = first.setdefault(name.casefold(), name)
        if other != name and _ends_differ(other, name):
            found.append(
                f"{other} and {name} differ in case alone: where a file system ignores case, as "
                "on macOS and Windows, only one of them is there"
            )
    return tuple(found)


def _with_directories(place: str) -> Iterable[str]:
    parts = place.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def _ends_differ(one: str, other: str) -> bool:
    """Return whether two names differ in their last part, and not in a directory alone."""
    return one.rpartition("/")[2] != other.rpartition("/")[2]
