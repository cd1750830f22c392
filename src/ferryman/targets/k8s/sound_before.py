"""Remembers which objects had no mistakes, so that a rebuild does not check them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from ferryman.building.cache import cache_directory, digest_of, made_once

__all__ = ("unless_sound_before",)

_Finding = TypeVar("_Finding")


class _HasFindings(Exception):
    """The check found mistakes, so the cache must not remember it."""


def unless_sound_before(
    inputs: Sequence[object], check: Callable[[], Sequence[_Finding]]
) -> Sequence[_Finding]:
    """Return the findings of a check, or none if the same check had none before.

    Args:
        inputs: All inputs of the check, as plain data: equal values must have an equal `repr`.
        check: The check.
    """
    findings: list[Sequence[_Finding]] = []

    def checked(_: Path) -> None:
        findings.append(check())
        if findings[0]:
            raise _HasFindings

    # If the cache cannot be written, the check runs every time.
    with suppress(_HasFindings, OSError):
        made_once(cache_directory() / "sound", digest_of(repr(inputs), *_checkers()), checked)
        return ()
    return findings[0] if findings else check()


def _checkers() -> list[object]:
    """Return data that changes with the code and the schemas of the checks."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return [
        [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files],
        version("kubernetes-validate"),
    ]
