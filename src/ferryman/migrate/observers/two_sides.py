"""Joins two observers of one side each, which may be of different kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ferryman.migrate.observers import SideObserver, Sight

__all__ = ("TwoSides",)


@dataclass(frozen=True, slots=True)
class TwoSides:
    """An old side and a new one."""

    old: SideObserver
    new: SideObserver

    listens: ClassVar[bool] = False

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return what was seen since a cursor."""
        before = cursor or {}
        old = self.old.look(before.get("old"), slow_limit)
        new = self.new.look(before.get("new"), slow_limit)
        after = {"old": old.cursor, "new": new.cursor}
        return Sight(old.counts, new.counts, after, old.slow_limit)

    def close(self) -> None:
        """Return: nothing is held."""
