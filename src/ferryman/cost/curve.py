"""Exact piecewise-linear functions of one variable: tariffs, usage and monthly costs.

All arithmetic is rational, so two curves meet where the algebra says they meet. Nothing
here knows of money, requests or platforms.
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
"""What converts to a fraction without loss. Floats are left out on purpose."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight line that begins just after ``start``.

    Args:
        start: Where the line begins; the point itself belongs to the segment before.
        value: What the line tends to as it is followed back to ``start``.
        slope: How much it rises per unit.
    """

    start: Fraction
    value: Fraction
    slope: Fraction

    def at(self, x: Fraction) -> Fraction:
        """Return the height of the line at ``x``."""
        return self.value + self.slope * (x - self.start)

    @property
    def sign(self) -> int:
        """-1, 0 or 1: on which side of zero the line lies just after its start."""
        height = self.value or self.slope
        return (height > 0) - (height < 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """Segments side by side, from zero on.

    A segment covers the interval from its start, exclusive, to the next start, inclusive:
    two servers are enough up to and including the volume that fills them. The first
    segment also covers zero.

    Args:
        segments: Ordered by start; the first starts at zero.
        end: The last point for which the curve is known; ``None`` when it has no end.
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
        """Return the segment that is in force just after ``x``."""
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
        """Yield each segment with the point where it stops, ``None`` if it never does."""
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
    """Return what a quantity costs when each tier applies to the part that falls into it.

    Args:
        tiers: Pairs of the quantity where a tier begins and its price per unit; the first
            begins at zero.
        allowance: Units free of charge. They are taken off before the tiers are counted.
    """
    free = Fraction(allowance)
    segments = [Segment(Fraction(0), Fraction(0), Fraction(0))] if free else []
    for begin, price in tiers:
        start = Fraction(begin) + free
        value = segments[-1].at(start) if segments else Fraction(0)
        segments.append(Segment(start, value, Fraction(price)))
    return Curve(tuple(segments))


def step(at: Number, height: Number) -> Curve:
    """Return the curve that is zero up to and including ``at``, and ``height`` from there on."""
    flat = Segment(Fraction(0), Fraction(0), Fraction(0))
    return Curve((flat, Segment(Fraction(at), Fraction(height), Fraction(0))))


def staircase(width: Number, minimum: int, end: Number) -> Curve:
    """Return how many steps of ``width`` reach ``x``, and never fewer than ``minimum``.

    Args:
        width: What one step covers; greater than zero.
        minimum: The height of the first step; at least one.
        end: Where the curve stops, since a staircase without an end has endless steps.
    """
    step, stop = Fraction(width), Fraction(end)
    segments = [Segment(Fraction(0), Fraction(minimum), Fraction(0))]
    height = minimum
    while (edge := height * step) < stop:
        height += 1
        segments.append(Segment(edge, Fraction(height), Fraction(0)))
    return Curve(tuple(segments), stop)


def total(curves: Sequence[Curve]) -> Curve:
    """Return the sum of the curves, as far as all of them reach."""
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
    """Return ``outer(inner(x))``: what a usage costs under a tariff.

    Args:
        outer: The tariff; it has no end.
        inner: The usage. It may jump either way but must not fall within a segment.

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
    """Return the same curve, with a segment begun wherever a line passes through zero."""
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
    """Return the curve where it is above zero, and zero elsewhere."""
    split = split_at_zeros(curve)
    return Curve(
        tuple(
            s if s.sign > 0 else Segment(s.start, Fraction(0), Fraction(0)) for s in split.segments
        ),
        curve.end,
    )


def clamp(curve: Curve, most: Number | None = None) -> Curve:
    """Return the curve, but never below zero and, unless it is ``None``, above ``most``."""
    floored = positive_part(curve)
    if most is None:
        return floored
    return difference(constant(most), positive_part(difference(constant(most), floored)))
