"""Exact piecewise-linear functions of one variable: tariffs, usage and monthly costs.

All arithmetic is with fractions, so the points where curves meet are exact. This module does not
know money, requests or platforms.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

__all__ = (
    "Curve",
    "Number",
    "Segment",
    "clamp",
    "compose",
    "constant",
    "difference",
    "linear",
    "positive_part",
    "split_at_zeros",
    "staircase",
    "step",
    "tiered",
    "total",
)

Number = int | Decimal | Fraction
"""Types that convert to a fraction without loss. Floats are excluded on purpose."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight line that begins just after ``start``.

    Args:
        start: The start of the line; the point itself belongs to the segment before.
        value: The limit of the line at ``start``.
        slope: The rise per unit.
    """

    start: Fraction
    value: Fraction
    slope: Fraction

    def at(self, x: Fraction) -> Fraction:
        """Return the height of the line at ``x``."""
        return self.value + self.slope * (x - self.start)

    @property
    def sign(self) -> int:
        """-1, 0 or 1: the sign of the line just after its start."""
        height = self.value or self.slope
        return (height > 0) - (height < 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """Segments side by side, from zero on.

    A segment excludes its start and includes the start of the next: two servers suffice up to and
    including the volume that fills them. The first segment includes zero.

    Args:
        segments: Ordered by start; the first starts at zero.
        end: The last point at which the curve is defined; ``None`` if it has no end.
    """

    segments: tuple[Segment, ...]
    end: Fraction | None = None

    def at(self, x: Number) -> Fraction:
        """Return the height at ``x``.

        Raises:
            ValueError: ``x`` lies outside the curve.
        """
        point = Fraction(x)
        if point < 0 or (self.end is not None and point > self.end):
            raise ValueError(f"{x} lies outside the curve, which covers 0 to {self.end}")
        index = bisect_left(self.segments, point, key=_start)
        return self.segments[max(index - 1, 0)].at(point)

    def after(self, x: Fraction) -> Segment:
        """Return the segment just after ``x``."""
        return self.segments[bisect_right(self.segments, x, key=_start) - 1]

    def scaled(self, factor: Number) -> Curve:
        """Return the curve multiplied by ``factor``."""
        by = Fraction(factor)
        return Curve(
            tuple(Segment(s.start, s.value * by, s.slope * by) for s in self.segments), self.end
        )

    def tilted(self, slope: Number, at_zero: Number = 0) -> Curve:
        """Return the curve plus a straight line."""
        more, start = Fraction(slope), Fraction(at_zero)
        return Curve(
            tuple(
                Segment(s.start, s.value + start + more * s.start, s.slope + more)
                for s in self.segments
            ),
            self.end,
        )

    def until(self, end: Number) -> Curve:
        """Return the part of the curve from zero to ``end``, which it must reach."""
        stop = Fraction(end)
        return Curve(tuple(s for s in self.segments if s.start < stop or not s.start), stop)

    def spans(self) -> Iterator[tuple[Segment, Fraction | None]]:
        """Yield each segment with its end; ``None`` for a last segment without an end."""
        stops = [segment.start for segment in self.segments[1:]]
        yield from zip(self.segments, [*stops, self.end], strict=True)


_FLAT = Segment(Fraction(0), Fraction(0), Fraction(0))


def _start(segment: Segment) -> Fraction:
    return segment.start


def constant(value: Number) -> Curve:
    """Return the curve that is ``value`` everywhere."""
    return Curve((Segment(Fraction(0), Fraction(value), Fraction(0)),))


def linear(slope: Number, at_zero: Number = 0) -> Curve:
    """Return the straight line that rises by ``slope`` per unit from ``at_zero``."""
    return Curve((Segment(Fraction(0), Fraction(at_zero), Fraction(slope)),))


def tiered(tiers: Sequence[tuple[Number, Number]], allowance: Number = 0) -> Curve:
    """Return the cost of a quantity if each tier's price applies to the part inside the tier.

    Args:
        tiers: For each tier the quantity at which it begins, and its price per unit; the first
            begins at zero.
        allowance: Units free of charge. They come before the first tier.
    """
    free = Fraction(allowance)
    segments = [_FLAT] if free else []
    for begin, price in tiers:
        start = Fraction(begin) + free
        value = segments[-1].at(start) if segments else Fraction(0)
        segments.append(Segment(start, value, Fraction(price)))
    return Curve(tuple(segments))


def step(at: Number, height: Number) -> Curve:
    """Return the curve that is zero up to and including ``at``, and ``height`` above it."""
    return Curve((_FLAT, Segment(Fraction(at), Fraction(height), Fraction(0))))


def staircase(width: Number, minimum: int, end: Number) -> Curve:
    """Return the number of steps of ``width`` that cover ``x``, at least ``minimum``.

    Args:
        width: The width of one step; greater than zero.
        minimum: The height of the first step; at least one.
        end: The end of the curve, because each step is written out.
    """
    step, stop = Fraction(width), Fraction(end)
    segments = [Segment(Fraction(0), Fraction(minimum), Fraction(0))]
    height = minimum
    while (edge := height * step) < stop:
        height += 1
        segments.append(Segment(edge, Fraction(height), Fraction(0)))
    return Curve(tuple(segments), stop)


def total(curves: Sequence[Curve]) -> Curve:
    """Return the sum of the curves, up to the first of their ends."""
    end = min((curve.end for curve in curves if curve.end is not None), default=None)
    changes = {_FLAT.start: (Fraction(0), Fraction(0))}
    for curve in curves:
        for before, segment in pairwise((_FLAT, *curve.segments)):
            jump, bend = changes.get(segment.start, (Fraction(0), Fraction(0)))
            jump += segment.value - before.at(segment.start)
            changes[segment.start] = jump, bend + segment.slope - before.slope
    segments = [_FLAT]
    for start, (jump, bend) in sorted(changes.items()):
        last = segments[-1]
        segments.append(Segment(start, last.at(start) + jump, last.slope + bend))
    whole = Curve(tuple(segments[1:]))
    return whole if end is None else whole.until(end)


def difference(first: Curve, second: Curve) -> Curve:
    """Return ``first - second``."""
    return total((first, second.scaled(-1)))


def compose(outer: Curve, inner: Curve) -> Curve:
    """Return ``outer(inner(x))``: the cost of a usage under a tariff.

    Args:
        outer: The tariff; it has no end.
        inner: The usage. It may jump up or down between segments, but not fall within one.

    Raises:
        ValueError: The usage falls within a segment.
    """
    pieces: list[Segment] = []
    for segment, stop in inner.spans():
        pieces.extend(_through(outer, segment, stop))
    return Curve(tuple(pieces), inner.end)


def _through(outer: Curve, segment: Segment, stop: Fraction | None) -> Iterator[Segment]:
    if segment.slope < 0:
        raise ValueError("a usage must not fall as its variable grows")
    if not segment.slope:
        yield Segment(segment.start, outer.at(segment.value), Fraction(0))
        return
    low, high = segment.value, None if stop is None else segment.at(stop)
    for part, part_stop in outer.spans():
        if part_stop is not None and part_stop <= low:
            continue
        if high is not None and part.start >= high:
            return
        begin = max(part.start, low)
        start = segment.start + (begin - low) / segment.slope
        yield Segment(start, part.at(begin), part.slope * segment.slope)


def split_at_zeros(curve: Curve) -> Curve:
    """Return the same curve with an additional segment wherever a line passes through zero."""
    pieces: list[Segment] = []
    for segment, stop in curve.spans():
        pieces.append(segment)
        if not segment.slope:
            continue
        zero = segment.start - segment.value / segment.slope
        if zero > segment.start and (stop is None or zero < stop):
            pieces.append(Segment(zero, Fraction(0), segment.slope))
    return Curve(tuple(pieces), curve.end)


def positive_part(curve: Curve) -> Curve:
    """Return the curve with zero in place of every negative part."""
    split = split_at_zeros(curve)
    return Curve(
        tuple(
            s if s.sign > 0 else Segment(s.start, Fraction(0), Fraction(0)) for s in split.segments
        ),
        curve.end,
    )


def clamp(curve: Curve, most: Number | None = None) -> Curve:
    """Return the curve limited to zero below and, unless it is ``None``, to ``most`` above."""
    floored = positive_part(curve)
    if most is None:
        return floored
    return difference(constant(most), positive_part(difference(constant(most), floored)))
