"""Counts what both sides answered since the look before.

An observer knows where the numbers are. It keeps no file: where it left off is a value, the
cursor, which the state of the migration carries from process to process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, ClassVar, Protocol

from ferryman.core.errors import FerrymanError
from ferryman.core.judge import Counts

__all__ = ("Observer", "SideObserver", "SideSight", "Sight", "TwoSides", "since", "totals_of")


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


def since(now: Counts, before: Counts | None) -> Counts:
    """Return what was counted between two looks.

    Args:
        now: The totals of now.
        before: Those of the look before; None counts nothing.

    A total that went backwards is that of a process that was started again: what it counted
    since then is what is known.
    """
    if before is None:
        return Counts()
    if any(a < b for a, b in zip(astuple(now), astuple(before), strict=True)):
        return now
    answers = now.answers - before.answers
    # The counters are read one after the other: a bad answer may come before its answer.
    bad = (
        (now.failures, before.failures),
        (now.rejections, before.rejections),
        (now.slow, before.slow),
    )
    return Counts(answers, *(min(answers, a - b) for a, b in bad))


def totals_of(found: Mapping[str, Any] | None, place: str) -> Counts | None:
    """Return counts that were given as JSON, or None for none.

    Raises:
        FerrymanError: They are no counts.
    """
    if found is None:
        return None
    try:
        numbers = {name: int(value) for name, value in found.items()}
        return Counts(**numbers)
    except (TypeError, ValueError, AttributeError) as error:
        raise FerrymanError(
            f"{place}: these are not the counts of a side: {found!r}",
            cause=str(error),
            hint='such as {"answers": 1000, "failures": 3, "rejections": 10, "slow": 50}',
        ) from None
