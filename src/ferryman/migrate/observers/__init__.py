"""Counts what both sides answered since the look before.

An observer knows where the numbers are. It keeps no file: where it left off is a value, the
cursor, which the state of the migration carries from process to process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from ferryman.core.judge import Counts

__all__ = ("Observer", "SideObserver", "SideSight", "Sight", "TwoSides")


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of both sides.

    Attributes:
        old: What the old side answered since the look before.
        new: What the new side answered.
        cursor: Where this look left off, as JSON.
        slow_limit: The old side's 95th percentile in seconds, where it is known.
        measuring: Whether answers are still being collected for it.
    """

    old: Counts
    new: Counts
    cursor: Any = None
    slow_limit: float | None = None
    measuring: bool = False


class Observer(Protocol):
    """Sees both sides."""

    @property
    def listens(self) -> bool:
        """Whether it sees only what happens while it is open, and reads no totals."""

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return what was seen since a cursor.

        Args:
            cursor: Where the look before left off; None counts nothing but begins.
            slow_limit: Seconds above which an answer is slow, once that is frozen.

        Raises:
            FerrymanError: The numbers cannot be had.
        """

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass(frozen=True, slots=True)
class SideSight:
    """What was seen of one side; as in `Sight`."""

    counts: Counts
    cursor: Any = None
    slow_limit: float | None = None


class SideObserver(Protocol):
    """Sees one side."""

    def look(self, cursor: Any, slow_limit: float | None) -> SideSight:
        """Return what was seen since a cursor; as in `Observer`."""


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
