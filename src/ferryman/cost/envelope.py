"""The lowest of several cost curves at each point: the cost of the cheapest of several sizes.

The curve is never written out; any part of it is computed exactly when it is needed. This module
knows curves, and neither money nor platforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from ferryman.cost.curve import Number, Segment
from ferryman.cost.stepped_curve import SteppedCurve

__all__ = ("CERTAIN", "CostCurve", "Envelope")

CERTAIN = 1e-9
"""The least relative difference at which floats decide which of two heights is lower."""

Line = tuple[float, float]
"""The height of a straight line at both ends of an interval."""


class Envelope:
    """The lowest of some curves.

    Args:
        curves: At least one. Each takes part up to its end.
    """

    def __init__(self, curves: Sequence[SteppedCurve]) -> None:
        self.curves = tuple(curves)
        ends = [curve.end for curve in curves]
        self.end = None if None in ends else max(end for end in ends if end is not None)
        self.heights: dict[float, float] = {}
        self._last: tuple[Fraction, SteppedCurve, Segment] | None = None

    def lowest(self, x: Number) -> int:
        """Return the index of the lowest curve at ``x``; among equal curves the first.

        Raises:
            ValueError: All curves end before ``x``.
        """
        point, place = Fraction(x), float(x)
        alive = [i for i, c in enumerate(self.curves) if c.end is None or point <= c.end]
        if not alive:
            raise ValueError(f"{x} lies outside the curve, which covers 0 to {self.end}")
        if self.never_falls:
            least = {index: self.curves[index].near(place * (1 - CERTAIN)) for index in alive}
            most = min(self.curves[index].near(place * (1 + CERTAIN)) for index in alive)
            alive = [index for index in alive if least[index] <= most * (1 + CERTAIN)]
        if len(alive) == 1:
            return alive[0]
        return min(alive, key=lambda index: self.curves[index].at(point))

    def at(self, x: Number) -> Fraction:
        """Return the height at ``x``.

        Raises:
            ValueError: ``x`` lies outside the curve.
        """
        return self.curves[self.lowest(x)].at(x)

    def after(self, x: Fraction) -> Segment:
        """Return the line just after ``x``, as if it began there."""
        return self._leader(x)[1]

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return where the line just after ``x`` ends.

        A curve that never falls can get below another only by its smaller slope. So only curves
        matter whose line meets the lowest line before its end.
        """
        leader, here = self._leader(x)
        edge = leader.next_edge(x)
        reach = float("inf") if edge is None else float(edge) * (1 + CERTAIN)
        others = [curve for curve in self._alive(x) if curve is not leader]
        place, height, slope = float(x), float(here.value), float(here.slope)
        for curve in others:
            other, its_slope = curve.line_after(place)
            if (
                self.never_falls
                and (other - height) * (1 - CERTAIN)
                > (slope - its_slope) * (reach - place) + CERTAIN * height
            ):
                continue
            line = curve.after(x)
            if not self.never_falls and (own := curve.next_edge(x)) is not None:
                edge = own if edge is None else min(edge, own)
            if line.slope < here.slope:
                meeting = x + (line.value - here.value) / (here.slope - line.slope)
                edge = meeting if edge is None or x < meeting < edge else edge
        return edge

    def _leader(self, x: Fraction) -> tuple[SteppedCurve, Segment]:
        """Return the curve that is the lowest just after ``x``, and its line there."""
        if self._last is None or self._last[0] != x:
            alive = self._alive(x)
            place = float(x)
            heights = [curve.line_after(place)[0] for curve in alive]
            most = min(heights) * (1 + CERTAIN) + CERTAIN
            close = [c for c, height in zip(alive, heights, strict=True) if height <= most]
            # If curves fall, a float may be on the wrong side of such a step: take all of them.
            chosen = close if self.never_falls else alive
            lines = [(curve, curve.after(x)) for curve in chosen]
            found = min(lines, key=lambda pair: (pair[1].value, pair[1].slope))
            self._last = (x, *found)
        return self._last[1], self._last[2]

    def edges_within(self, low: float, high: float) -> int:
        """Return roughly how many lines there are between two points."""
        return sum(curve.edges_within(low, high) for curve in self._alive(Fraction(low)))

    def edges(self, low: float, high: float) -> list[float]:
        """Return where lines begin between two points, both included, as floats."""
        found = sorted({low, high, *(x for curve in self.curves for x in curve.edges(low, high))})
        meeting = [x for pair in pairwise(found) for x in self._meetings(*pair)]
        return [*found, *meeting]

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float; at a step the height before it.

        Beyond its end the curve continues, so that heights slightly outside can be compared.
        """
        pairs = list(zip(self.curves, self._ends, strict=True))
        alive = [curve for curve, end in pairs if end is None or x <= end]
        last = [curve for curve in self.curves if curve.end == self.end]
        return min(curve.near(x) for curve in alive or last)

    @cached_property
    def never_falls(self) -> bool:
        """Whether the curve is nowhere lower than before."""
        return all(curve.never_falls for curve in self.curves)

    @cached_property
    def _ends(self) -> list[float | None]:
        return [None if curve.end is None else float(curve.end) for curve in self.curves]

    def _alive(self, x: Fraction) -> list[SteppedCurve]:
        return [curve for curve in self.curves if curve.end is None or x < curve.end]

    def _meetings(self, low: float, high: float) -> list[float]:
        """Return where the lowest line changes between two edges, where all curves are straight."""
        inset = (high - low) * 1e-6
        ends = low + inset, high - inset
        lines = [
            (curve.near(ends[0]), curve.near(ends[1])) for curve in self._alive(Fraction(high))
        ]
        found: list[float] = []
        here, place = min(lines, default=(0.0, 0.0)), 0.0
        while True:
            meetings = [(share, line) for line in lines if (share := _meeting(here, line)) > place]
            if not meetings:
                return [ends[0] + share * (ends[1] - ends[0]) for share in found]
            place, here = min(meetings, key=lambda meeting: (meeting[0], meeting[1][1]))
            found.append(place)


def _meeting(one: Line, other: Line) -> float:
    """Return where ``other`` falls below ``one``, as a share of the interval; -1 if nowhere."""
    before, after = other[0] - one[0], other[1] - one[1]
    return before / (before - after) if before > 0 > after else -1.0


CostCurve = SteppedCurve | Envelope
"""USD a month by requests a month."""
