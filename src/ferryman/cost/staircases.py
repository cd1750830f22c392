"""Staircases, which rise by a height at each step, and sums of many staircases.

A fleet that scales with the hours of the week has one staircase for each rate of the week. Floats
count the steps; fractions do so only if a float is too close to a whole number. This module knows
neither money nor servers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

__all__ = ("Flight", "Staircase")

CERTAIN = 1e-9
"""The least relative distance from a whole number at which a float counts steps."""

MANY = 16
"""From this many staircases on, numpy adds them up if it is installed."""


@dataclass(frozen=True, slots=True)
class Staircase:
    """A staircase: a height times the number of steps that cover ``x``.

    Args:
        width: The width of a step; greater than zero.
        least: The least number of steps.
        height: The height of a step.
    """

    width: Fraction
    least: int
    height: Fraction


class Flight:
    """The sum of staircases.

    Args:
        stairs: The staircases.
    """

    def __init__(self, stairs: Sequence[Staircase]) -> None:
        self.stairs = tuple(steps for steps in stairs if steps.height)

    def at(self, x: Fraction) -> Fraction:
        """Return the height at ``x``; a step includes its end."""
        return self._height(self._counts(x, after=False))

    def after(self, x: Fraction) -> Fraction:
        """Return the height just after ``x``."""
        return self._height(self._counts(x, after=True))

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return the first end of a step after ``x``; ``None`` without stairs."""
        counts = self._counts(x, after=True)
        ends = [width * count for (width, _, _), count in zip(self.floats, counts, strict=True)]
        nearest = min(ends, default=0.0) * (1 + CERTAIN)
        edges = zip(self.stairs, counts, ends, strict=True)
        return min((s.width * count for s, count, end in edges if end <= nearest), default=None)

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float; at a step the height before it."""
        if self._arrays:
            widths, least, heights, numpy = self._arrays
            return float(heights @ numpy.maximum(least, numpy.ceil(x / widths)))
        return sum(h * max(least, math.ceil(x / width)) for width, least, h in self.floats)

    def edges_within(self, low: float, high: float) -> int:
        """Return roughly how many steps end between two points."""
        if self._arrays:
            widths, _, _, numpy = self._arrays
            return int((numpy.floor(high / widths) - numpy.floor(low / widths)).sum())
        return sum(int(high / width) - int(low / width) for width, _, _ in self.floats)

    def edges(self, low: float, high: float) -> list[float]:
        """Return where steps end between two points, both included, as floats."""
        return [
            step * width
            for width, least, _ in self.floats
            for step in range(max(least, math.ceil(low / width)), int(high / width) + 1)
        ]

    @property
    def total(self) -> Fraction:
        """The sum of the heights of one step of each staircase."""
        return self._height([1] * len(self.stairs))

    @cached_property
    def floats(self) -> list[tuple[float, int, float]]:
        """The width, the least number and the height of each staircase's steps."""
        return [(float(s.width), s.least, float(s.height)) for s in self.stairs]

    def _counts(self, x: Fraction, *, after: bool) -> list[int]:
        """Return the number of steps of each staircase at ``x``, or just after it."""
        counts, unsure = self._float_counts(float(x))
        for place in unsure:
            steps = self.stairs[place]
            exact = x // steps.width + 1 if after else math.ceil(x / steps.width)
            counts[place] = max(steps.least, exact)
        return counts

    def _float_counts(self, x: float) -> tuple[list[int], list[int]]:
        """Return the numbers of steps by floats, and the places of those that may be wrong."""
        if self._arrays:
            widths, least, _, numpy = self._arrays
            ratios = x / widths
            unsure = numpy.abs(ratios - numpy.rint(ratios)) <= CERTAIN * (1 + ratios)
            counts = numpy.maximum(least, numpy.ceil(ratios)).astype(int)
            return counts.tolist(), numpy.flatnonzero(unsure).tolist()
        shares = [x / width for width, _, _ in self.floats]
        close = [i for i, y in enumerate(shares) if abs(y - round(y)) <= CERTAIN * (1 + y)]
        pairs = zip(self.floats, shares, strict=True)
        return [max(least, math.ceil(share)) for (_, least, _), share in pairs], close

    def _height(self, counts: Sequence[int]) -> Fraction:
        scale, heights = self._whole
        return Fraction(sum(h * count for h, count in zip(heights, counts, strict=True)), scale)

    @cached_property
    def _whole(self) -> tuple[int, list[int]]:
        """The common denominator of the heights, and their numerators."""
        scale = math.lcm(*(steps.height.denominator for steps in self.stairs))
        return scale, [int(steps.height * scale) for steps in self.stairs]

    @cached_property
    def _arrays(self) -> tuple[Any, Any, Any, Any] | None:
        if len(self.stairs) < MANY:
            return None
        try:
            import numpy
        except ImportError:
            return None
        widths, least, heights = (numpy.array(x, float) for x in zip(*self.floats, strict=True))
        return widths, least, heights, numpy
