"""Cost curves with steps: an exact smooth part, and staircases that are never written out.

A fleet adds thousands of servers up to the horizon. Its curve is kept as a rule, so that it
costs as much to make as a straight line, and any piece of it is exact when it is asked for.
Nothing here knows of money or platforms.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from ferryman.cost.curve import Curve, Number, Segment

__all__ = ("Staircase", "SteppedCurve", "plain_curve")


@dataclass(frozen=True, slots=True)
class Staircase:
    """A height for each step of a width that is begun, and for the least number of steps.

    Args:
        width: What one step covers; greater than zero.
        least: Steps there are from the start on.
        height: How much one step adds.
    """

    width: Fraction
    least: int
    height: Fraction

    def at(self, x: Fraction) -> Fraction:
        """Return the height at ``x``; the end of a step still belongs to it."""
        return self.height * max(self.least, math.ceil(x / self.width))

    def after(self, x: Fraction) -> Fraction:
        """Return the height just after ``x``."""
        return self.height * max(self.least, math.floor(x / self.width) + 1)

    def next_edge(self, x: Fraction) -> Fraction:
        """Return the end of the step that is in force just after ``x``."""
        return self.width * max(self.least, math.floor(x / self.width) + 1)


class SteppedCurve:
    """A curve plus staircases.

    Args:
        smooth: The part without steps; it may jump.
        stairs: The steps.
        end: The last point for which the curve is known; ``None`` when it has no end.
    """

    def __init__(
        self, smooth: Curve, stairs: tuple[Staircase, ...] = (), end: Fraction | None = None
    ) -> None:
        self.smooth = smooth
        self.stairs = tuple(steps for steps in stairs if steps.height)
        self.end = (
            end if smooth.end is None else smooth.end if end is None else min(end, smooth.end)
        )

    def at(self, x: Number) -> Fraction:
        """Return the height at ``x``.

        Raises:
            ValueError: ``x`` lies outside the curve.
        """
        point = Fraction(x)
        if self.end is not None and point > self.end:
            raise ValueError(f"{x} lies outside the curve, which covers 0 to {self.end}")
        return self.smooth.at(point) + sum(steps.at(point) for steps in self.stairs)

    def after(self, x: Fraction) -> Segment:
        """Return the line that is in force just after ``x``, as if it began there."""
        line = self.smooth.after(x)
        height = line.at(x) + sum(steps.after(x) for steps in self.stairs)
        return Segment(x, height, line.slope)

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return where the line that is in force just after ``x`` ends."""
        place = bisect_right(self._starts, x)
        edges = [steps.next_edge(x) for steps in self.stairs]
        if place < len(self._starts):
            edges.append(self._starts[place])
        if self.end is not None:
            edges.append(self.end)
        return min((edge for edge in edges if edge > x), default=None)

    def segments(self, stop: Fraction) -> Iterator[Segment]:
        """Yield the lines from zero to ``stop``, one by one."""
        x: Fraction | None = Fraction(0)
        while x is not None and (x < stop or not x):
            yield self.after(x)
            x = self.next_edge(x)

    def edges_within(self, low: float, high: float) -> int:
        """Return about how many lines there are between two points."""
        count = sum(int(high / width) - int(low / width) for width, _, _ in self._float_stairs)
        return count + bisect_right(self._floats[0], high) - bisect_left(self._floats[0], low)

    def edges(self, low: float, high: float) -> list[float]:
        """Return where lines begin between two points, both included, as floats."""
        starts = self._floats[0]
        found = starts[bisect_left(starts, low) : bisect_right(starts, high)]
        for width, least, _ in self._float_stairs:
            steps = range(max(least, math.ceil(low / width)), int(high / width) + 1)
            found += [step * width for step in steps]
        return found

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float, from the left at a step."""
        starts, values, slopes = self._floats
        place = max(bisect_left(starts, x) - 1, 0)
        height = values[place] + slopes[place] * (x - starts[place])
        for width, least, step in self._float_stairs:
            height += step * max(least, math.ceil(x / width))
        return height

    @cached_property
    def never_falls(self) -> bool:
        """Whether the curve is nowhere lower than before."""
        if any(steps.height < 0 for steps in self.stairs):
            return False
        lines = self.smooth.segments
        if any(line.slope < 0 for line in lines):
            return False
        return all(after.value >= before.at(after.start) for before, after in pairwise(lines))

    @cached_property
    def _starts(self) -> list[Fraction]:
        return [line.start for line in self.smooth.segments]

    @cached_property
    def _floats(self) -> tuple[list[float], list[float], list[float]]:
        lines = self.smooth.segments
        return (
            [float(line.start) for line in lines],
            [float(line.value) for line in lines],
            [float(line.slope) for line in lines],
        )

    @cached_property
    def _float_stairs(self) -> list[tuple[float, int, float]]:
        return [(float(s.width), s.least, float(s.height)) for s in self.stairs]


def plain_curve(curve: Curve) -> SteppedCurve:
    """Return a curve without staircases in the same dress."""
    return SteppedCurve(curve)
