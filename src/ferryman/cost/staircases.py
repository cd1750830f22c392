"""Staircases: a height for each step that is begun, and the sum of many of them.

A fleet that follows the hours of the week has one for each rate of the week. Floats count the
steps; only where one is too near to a whole number do fractions. Knows neither money nor servers.
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
"""How far from a whole number a float must be, relative to it, to count steps."""

MANY = 16
"""Staircases from which on numpy, where there is one, adds their floats up."""


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


class Flight:
    """Staircases whose heights are added up.

    Args:
        stairs: The staircases; those without height count for nothing.
    """

    def __init__(self, stairs: Sequence[Staircase]) -> None:
        self.stairs = tuple(steps for steps in stairs if steps.height)

    def at(self, x: Fraction) -> Fraction:
        """Return the height at ``x``; the end of a step still belongs to it."""
        return self._height(self._counts(x, after=False))

    def after(self, x: Fraction) -> Fraction:
        """Return the height just after ``x``."""
        return self._height(self._counts(x, after=True))

    def next_edge(self, x: Fraction) -> Fraction | None:
        """Return the end of the first step that ends after ``x``; ``None`` without stairs."""
        counts = self._counts(x, after=True)
        ends = [width * count for (width, _, _), count in zip(self.floats, counts, strict=True)]
        nearest = min(ends, default=0.0) * (1 + CERTAIN)
        edges = zip(self.stairs, counts, ends, strict=True)
        return min((s.width * count for s, count, end in edges if end <= nearest), default=None)

    def near(self, x: float) -> float:
        """Return the height at ``x`` as a float, from the left at a step."""
        if self._arrays:
            widths, least, heights, numpy = self._arrays
            return float(heights @ numpy.maximum(least, numpy.ceil(x / widths)))
        return sum(h * max(least, math.ceil(x / width)) for width, least, h in self.floats)

    def edges_within(self, low: float, high: float) -> int:
        """Return about how many steps end between two points."""
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
        """The height of one step of each."""
        return self._height([1] * len(self.stairs))

    @cached_property
    def floats(self) -> list[tuple[float, int, float]]:
        """The width, the least number and the height of the steps of each."""
        return [(float(s.width), s.least, float(s.height)) for s in self.stairs]

    def _counts(self, x: Fraction, *, after: bool) -> list[int]:
        """Return the steps of each that are begun at ``x``, or just after it."""
        counts, unsure = self._float_counts(float(x))
        for place in unsure:
            steps = self.stairs[place]
            exact = x // steps.width + 1 if after else math.ceil(x / steps.width)
            counts[place] = max(steps.least, exact)
        return counts

    def _float_counts(self, x: float) -> tuple[list[int], list[int]]:
        """Return them by floats, and the places at which those may be wrong."""
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
        """The heights as whole numbers, and of what they are parts."""
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
