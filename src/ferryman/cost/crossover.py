"""Where one cost curve becomes cheaper than another, solved segment by segment.

Nothing is scanned or sampled: between two breakpoints both curves are straight lines, so
every crossing is found, however close together they lie. Knows curves, not platforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

from ferryman.cost.curve import Curve, Number, Segment, difference, split_at_zeros

__all__ = ("Contest", "Crossing", "Reign", "reigns", "settle")


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point after which the other of two curves is strictly the lower one.

    Args:
        at: Where it happens. When the curves run together for a while, where they part.
        first_becomes_lower: Whether the first curve is the lower one from there on.
        jump: Whether it happens at a step of a curve instead of where two lines meet.
    """

    at: Fraction
    first_becomes_lower: bool
    jump: bool


@dataclass(frozen=True, slots=True)
class Contest:
    """Which of two curves is the lower one, and where that changes.

    Args:
        first_leads: Whether the first curve is the lower one where the two first differ;
            true if they never do.
        crossings: Every crossing, in order. A point where the curves touch without changing
            places is none. Empty if neither is ever strictly the lower one after the other
            has been.
    """

    first_leads: bool
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Reign:
    """An interval in which one curve of several is the lowest.

    Args:
        start: Where it begins, exclusive but for zero.
        end: Where it ends.
        index: Which of the curves; the first of those that tie.
    """

    start: Fraction
    end: Fraction
    index: int


def settle(first: Curve, second: Curve, horizon: Number) -> Contest:
    """Return which of two curves is the lower one, from zero to ``horizon``."""
    gap = difference(first, second)
    apart = [segment for segment in _sides(gap, horizon) if segment.sign]
    changes = tuple(
        Crossing(after.start, after.sign < 0, jump=gap.at(after.start) != after.value)
        for before, after in pairwise(apart)
        if before.sign != after.sign
    )
    return Contest(not apart or apart[0].sign < 0, changes)


def reigns(curves: Sequence[Curve], horizon: Number) -> tuple[Reign, ...]:
    """Return which of the curves is the lowest, from zero to ``horizon``.

    Where several are the lowest, the one that already was goes on.
    """
    points = {Fraction(0), Fraction(horizon)}
    for first, second in combinations(curves, 2):
        points.update(side.start for side in _sides(difference(first, second), horizon))
    found: list[Reign] = []
    for start, end in pairwise(sorted(points)):
        lines = [curve.after(start) for curve in curves]
        order = [(line.at(start), line.slope) for line in lines]
        if found and order[found[-1].index] == min(order):
            found[-1] = Reign(found[-1].start, end, found[-1].index)
        else:
            found.append(Reign(start, end, order.index(min(order))))
    return tuple(found)


def _sides(gap: Curve, horizon: Number) -> Iterator[Segment]:
    """Yield, up to the horizon, the first segment of each run above, on or below zero."""
    last = None
    for segment in split_at_zeros(gap).segments:
        if segment.start >= Fraction(horizon):
            return
        if segment.sign != last:
            yield segment
        last = segment.sign
