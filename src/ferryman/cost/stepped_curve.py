"""Cost curves with steps: an exact part without steps, and staircases that are not written out.

A fleet has thousands of steps up to the horizon. Its curve is kept as a rule, so it is as cheap to
make as a straight line, and any part of it is computed exactly when it is needed. This module does
not know money or platforms.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from ferryman.cost.curve import Curve, Number, Segment
from ferryman.cost.staircases import Flight, Staircase

__all__ = ("SteppedCurve", "Surplus")


@dataclass(frozen=True)
class Surplus:
    """The price of a usage beyond the amount that each step includes; never below zero.

    CPU credits are an example: each server includes some.

    Args:
        slope: The usage for one unit of ``x``.
        each: The amount that a step includes.
        price: The price of each unit beyond it.
        stairs: The number of steps.
    """

    slope: Fraction
    each: Fraction
    price: Fraction
    stairs: Flight

    def at(self, x: Fraction) -> Fraction:
        """Return the height at ``x``; a step includes its end."""
        return self.price * max(Fraction(0), self.slope * x - self.each * self.stairs.at(x))

    def after(self, x: Fraction) -> tuple[Fraction, Fraction]:
        """Return the height and the slope just after ``x``."""
        beyond = self._beyond_after(x)
        if beyond < 0:
            return Fraction(0), Fraction(0)
        return self.price * beyond, self.price * self.slope

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return where the line just after ``x`` ends."""
        step, beyond = self.stairs.next_edge(x), self._beyond_after(x)
        begin = None if beyond >= 0 or not self.slope else x - beyond / self.slope
        return min((edge for edge in (step, begin) if edge is not None), default=None)

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float."""
        slope, each, price = self.floats
        return price * max(0.0, slope * x - each * self.stairs.near(x))

    def begins(self, x: float) -> float | None:
        """Return where the surplus begins with the number of steps at ``x``, as a float."""
        slope, each, _ = self.floats
        return each * self.stairs.near(x) / slope if slope else None

    @cached_property
    def floats(self) -> tuple[float, float, float]:
        """Slope, each and price, in floats."""
        return float(self.slope), float(self.each), float(self.price)

    def _beyond_after(self, x: Fraction) -> Fraction:
        return self.slope * x - self.each * self.stairs.after(x)


class SteppedCurve:
    """A curve plus staircases.

    Args:
        smooth: The part without staircases; it may jump.
        stairs: The staircases.
        end: The last point at which the curve is defined; ``None`` if it has no end.
        surplus: Usages beyond an amount that each step includes.
        rises: Whether the caller knows that the curve never falls; then it is not checked.
    """

    def __init__(
        self,
        smooth: Curve,
        stairs: Sequence[Staircase] = (),
        end: Fraction | None = None,
        surplus: tuple[Surplus, ...] = (),
        *,
        rises: bool = False,
    ) -> None:
        self.smooth = smooth
        self.stairs = Flight(stairs)
        self.surplus = surplus
        self._rises = rises
        self.heights: dict[float, float] = {}
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
        surplus = sum(beyond.at(point) for beyond in self.surplus)
        return self.smooth.at(point) + self.stairs.at(point) + surplus

    def after(self, x: Fraction) -> Segment:
        """Return the line just after ``x``, as if it began there."""
        line = self.smooth.after(x)
        height = line.at(x) + self.stairs.after(x)
        more = [surplus.after(x) for surplus in self.surplus]
        height += sum(value for value, _ in more)
        return Segment(x, height, line.slope + sum(slope for _, slope in more))

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return where the line just after ``x`` ends."""
        place = bisect_right(self._starts, x)
        edges = [self.stairs.next_edge(x), *(beyond.next_edge(x) for beyond in self.surplus)]
        edges += [*self._starts[place : place + 1], self.end]
        return min((edge for edge in edges if edge is not None and edge > x), default=None)

    def segments(self, stop: Fraction) -> Iterator[Segment]:
        """Yield the lines from zero to ``stop``, one by one."""
        x: Fraction | None = Fraction(0)
        while x is not None and (x < stop or not x):
            yield self.after(x)
            x = self.next_edge(x)

    def edges_within(self, low: float, high: float) -> int:
        """Return roughly how many lines there are between two points."""
        count = self.stairs.edges_within(low, high)
        if self.surplus:
            # The surplus may begin within each step; without an edge there is only one step.
            count = 2 * count + 1 if count else self._begins(low, high)
        return count + bisect_right(self._floats[0], high) - bisect_left(self._floats[0], low)

    def edges(self, low: float, high: float) -> list[float]:
        """Return where lines begin between two points, both included, as floats."""
        starts = self._floats[0]
        found = starts[bisect_left(starts, low) : bisect_right(starts, high)]
        found += self.stairs.edges(low, high)
        return found + [
            x for surplus in self.surplus for x in _beginnings(surplus, found, low, high)
        ]

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float; at a step the height before it."""
        starts, values, slopes = self._floats
        place = max(bisect_left(starts, x) - 1, 0)
        height = values[place] + slopes[place] * (x - starts[place])
        if self.stairs.stairs:
            height += self.stairs.near(x)
        for surplus in self.surplus:
            height += surplus.near(x)
        return height

    def line_after(self, x: float) -> tuple[float, float]:
        """Return height and slope just after ``x`` as floats; close to a step, of either side."""
        place = x * (1 + 1e-12)
        starts, _, slopes = self._floats
        slope = slopes[max(bisect_left(starts, place) - 1, 0)]
        for surplus in self.surplus:
            rise, each, price = surplus.floats
            if rise * place >= each * surplus.stairs.near(place):
                slope += price * rise
        return self.near(place), slope

    def _begins(self, low: float, high: float) -> int:
        """Return how many surpluses begin between two points without a step between them."""
        middle = (low + high) / 2
        starts = (surplus.begins(middle) for surplus in self.surplus)
        return sum(start is not None and low <= start <= high for start in starts)

    @cached_property
    def never_falls(self) -> bool:
        """Whether the curve is nowhere lower than before."""
        if self._rises:
            return True
        if any(steps.height < 0 for steps in self.stairs.stairs):
            return False
        # The amount that a step includes may be worth more than the step costs.
        worth = sum(surplus.price * surplus.each for surplus in self.surplus)
        if worth > self.stairs.total:
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


def _beginnings(surplus: Surplus, steps: list[float], low: float, high: float) -> Iterator[float]:
    """Yield where a surplus begins between two points, given the steps between them."""
    for start, end in pairwise(sorted({low, high, *steps})):
        # In the middle of a step, rounding cannot reach an edge.
        place = surplus.begins((start + end) / 2)
        if place is not None and start < place < end:
            yield place
