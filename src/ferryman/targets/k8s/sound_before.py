"""Remembers which objects had no mistake, so that a rebuild need not check them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from ferryman.building.cache import cache_directory, digest_of, made_once

__all__ = ("unless_sound_before",)

_Found = TypeVar("_Found")


class _Mistaken(Exception):
    """There are mistakes: nothing is kept of them."""


def unless_sound_before(
    asked: Sequence[object], find: Callable[[], Sequence[_Found]]
) -> Sequence[_Found]:
    """Return what is found wrong, or nothing where nothing was before.

    Args:
        asked: What decides about it. Equal values look equal: each is of plain data.
        find: Finds it.
    """
    found: list[Sequence[_Found]] = []

    def check(_: Path) -> None:
        found.append(find())
        if found[0]:
            raise _Mistaken

    # The check works without a cache that can be written.
    with suppress(_Mistaken, OSError):
        made_once(cache_directory() / "sound", digest_of(repr(asked), *_checkers()), check)
        return ()
    return found[0] if found else find()


def _checkers() -> list[object]:
    """Return what names the code and the schemas that check."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return [
        [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files],
        version("kubernetes-validate"),
    ]
