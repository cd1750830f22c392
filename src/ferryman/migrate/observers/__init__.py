"""Counts both sides' answers since the previous look.

An observer knows the source of the numbers, and must not decide anything. It keeps no file: its
position is a value, the cursor, which the migration's state carries from process to process.
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
    """The observations of both sides.

    Attributes:
        old: The old side's answers since the previous look.
        new: The new side's answers since the previous look.
        cursor: The position after this look, as JSON.
        slow_limit: The old side's 95th percentile in seconds, if known.
        measuring: Whether answers are still being collected for `slow_limit`.
    """

    old: Counts
    new: Counts
    cursor: Any = None
    slow_limit: float | None = None
    measuring: bool = False


class Observer(Protocol):
    """Observes both sides."""

    @property
    def listens(self) -> bool:
        """Whether it only counts answers while it is open, instead of reading totals."""

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return the observations since a cursor.

        Args:
            cursor: The position after the previous look; None starts without counting.
            slow_limit: Seconds above which an answer is slow, once the limit is frozen.

        Raises:
            FerrymanError: The numbers cannot be read.
        """

    def close(self) -> None:
        """Release resources."""


@dataclass(frozen=True, slots=True)
class SideSight:
    """The observations of one side; see `Sight`."""

    counts: Counts
    cursor: Any = None
    slow_limit: float | None = None


class SideObserver(Protocol):
    """Observes one side."""

    def look(self, cursor: Any, slow_limit: float | None) -> SideSight:
        """Return the observations since a cursor; see `Observer`."""


@dataclass(frozen=True, slots=True)
class TwoSides:
    """Observes an old and a new side with one observer for each."""

    old: SideObserver
    new: SideObserver

    listens: ClassVar[bool] = False

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return the observations since a cursor."""
        before = cursor or {}
        old = self.old.look(before.get("old"), slow_limit)
        new = self.new.look(before.get("new"), slow_limit)
        after = {"old": old.cursor, "new": new.cursor}
        return Sight(old.counts, new.counts, after, old.slow_limit)

    def close(self) -> None:
        """Do nothing: there are no resources."""


def since(now: Counts, before: Counts | None) -> Counts:
    """Return the counts between two looks.

    Args:
        now: The totals now.
        before: The totals at the previous look; None counts nothing.

    A total that fell belongs to a restarted process: then only its counts since the restart are
    known.
    """
    if before is None:
        return Counts()
    if any(a < b for a, b in zip(astuple(now), astuple(before), strict=True)):
        return now
    answers = now.answers - before.answers
    # The counters are read one after the other: a bad answer may be counted before the total.
    bad = (
        (now.failures, before.failures),
        (now.rejections, before.rejections),
        (now.slow, before.slow),
    )
    return Counts(answers, *(min(answers, a - b) for a, b in bad))


def totals_of(found: Mapping[str, Any] | None, place: str) -> Counts | None:
    """Return counts that were given as JSON, or None for none.

    Raises:
        FerrymanError: The JSON is not the counts of a side.
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
