"""Finds where one cost curve becomes cheaper than another: every crossing, in exact fractions.

Two curves that never fall cannot cross in an interval if one is higher at its start than the other
is at its end. Intervals are halved until that holds by far more than a float's error, or until an
interval has so few lines that fractions solve it line by line. So no crossing is missed, however
close the crossings are. This module knows curves, not platforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ferryman.cost.curve import Number
from ferryman.cost.envelope import CERTAIN, CostCurve

__all__ = ("Contest", "Crossing", "Reign", "reigns", "settle")

Side = tuple[Fraction, int, bool]
"""A point, the sign of the gap after it, and whether two lines meet in it."""

FEW_LINES = 4
"""An interval with no more lines is solved line by line."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A point after which the other of two curves is strictly lower.

    Args:
        at: The point. If the curves are equal for a while, the end of that.
        first_becomes_lower: Whether the first curve is lower after it.
        jump: Whether a step of a curve causes the crossing, not two lines that meet.
    """

    at: Fraction
    first_becomes_lower: bool
    jump: bool


@dataclass(frozen=True, slots=True)
class Contest:
    """Which of two curves is lower, and where that changes.

    Args:
        first_leads: Whether the first curve is lower where the two first differ; true if they
            never differ.
        crossings: Every crossing, in order. A point where the curves only touch is no crossing.
    """

    first_leads: bool
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True, slots=True)
class Reign:
    """An interval in which one curve of several is the lowest.

    Args:
        start: The start of the interval, which excludes it unless it is zero.
        end: The end of the interval, which includes it.
        index: The index of the curve; of equal curves the first.
    """

    start: Fraction
    end: Fraction
    index: int


def settle(first: CostCurve, second: CostCurve, horizon: Number) -> Contest:
    """Return which of two curves is lower, from zero to ``horizon``.

    If a curve ends before the horizon, the other one is lower after that end.
    """
    ends = [_end(curve, horizon) for curve in (first, second)]
    leads: bool | None = None
    lower: bool | None = None
    found = []
    for at, sign, meet in _sides(first, second, Fraction(0), min(ends)):
        if not sign or (sign < 0) == lower:
            continue
        if lower is None:
            leads = sign < 0
        else:
            jump = not meet and (not at or _jumps(first, second, at))
            found.append(Crossing(at, sign < 0, jump))
        lower = sign < 0
    survives = ends[0] > ends[1]
    if ends[0] != ends[1] and survives != (lower if lower is not None else True):
        found.append(Crossing(min(ends), survives, jump=True))
    return Contest(leads is not False, tuple(found))


def reigns(curves: Sequence[CostCurve], horizon: Number) -> tuple[Reign, ...]:
    """Return which of the curves is the lowest, from zero to ``horizon``.

    While several curves are the lowest, the one that was the lowest before remains it. A curve
    takes part up to its end; after the end of all curves there is no interval.
    """
    stop = Fraction(horizon)
    at, found = Fraction(0), list[Reign]()
    while at < stop:
        alive = [index for index, curve in enumerate(curves) if _end(curve, stop) > at]
        if not alive:
            break
        lines = {index: curves[index].after(at) for index in alive}
        index = min(alive, key=lambda index: (lines[index].value, lines[index].slope, index))
        until = _end(curves[index], stop)
        # Begin with the curve that is the lowest at the end: it probably shortens the interval.
        others = [other for other in alive if other != index]
        for other in sorted(others, key=lambda other: _height(curves[other], float(until))):
            until = _where_below(curves[other], curves[index], at, until, stop)
        found.append(Reign(at, until, index))
        at = until
    return tuple(found)


def _where_below(
    other: CostCurve, lowest: CostCurve, start: Fraction, until: Fraction, stop: Fraction
) -> Fraction:
    """Return where another curve first falls below the lowest one, at most ``until``."""
    for at, sign, _ in _sides(other, lowest, start, min(until, _end(other, stop))):
        if sign < 0:
            return at
    return until


def _end(curve: CostCurve, horizon: Number) -> Fraction:
    stop = Fraction(horizon)
    return stop if curve.end is None else min(curve.end, stop)


def _jumps(first: CostCurve, second: CostCurve, x: Fraction) -> bool:
    """Return whether the gap between the two curves changes at ``x`` itself."""
    after = first.after(x).value - second.after(x).value
    return first.at(x) - second.at(x) != after


def _sides(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield where the sign of ``first - second`` may change, and the sign after it."""
    if first.never_falls and second.never_falls:
        yield from _halve(first, second, start, stop)
    else:
        yield from _walk(first, second, start, stop)


def _halve(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield the sides of two curves that never fall, without looking at every line.

    The points between are floats. Every float is exactly a fraction, so nothing is lost.
    """
    waiting: list[tuple[Fraction | float, Fraction | float]] = [(start, stop)]
    side = 0
    while waiting:
        low, high = waiting.pop()
        begin, end = float(low), float(high)
        sign = _apart(first, second, begin, end)
        if not sign:
            lines = first.edges_within(begin, end) + second.edges_within(begin, end)
            middle = (begin * end) ** 0.5 if begin else end / 64
            # Halving does not help if floats cannot distinguish the middle from the start.
            if lines > FEW_LINES and begin * (1 + CERTAIN) < middle < end:
                waiting += [(middle, high), (low, middle)]
                continue
            sign = _clear(first, second, begin, end)
        if sign and sign == side:
            continue
        if sign:
            side = sign
            yield Fraction(low), sign, False
            continue
        for at, sign, meet in _walk(first, second, Fraction(low), Fraction(high)):
            side = sign or side
            yield at, sign, meet


def _apart(first: CostCurve, second: CostCurve, begin: float, end: float) -> int:
    """Return the sign of the gap if it is certain from ``begin`` to ``end``, else zero.

    A float may lie on the wrong side of a step, so heights are taken slightly outside the
    interval: below its start and above its end.
    """
    begin, end = begin * (1 - CERTAIN), end * (1 + CERTAIN)
    lowest, highest = _height(first, begin), _height(first, end)
    bottom, top = _height(second, begin), _height(second, end)
    margin = CERTAIN * (1 + highest + top)
    if lowest > top + margin:
        return 1
    return -1 if bottom > highest + margin else 0


def _height(curve: CostCurve, x: float) -> float:
    """Return the height of a curve, which is kept: every other curve asks at the same points."""
    known = curve.heights
    if x not in known:
        known[x] = curve.near(x)
    return known[x]


def _clear(first: CostCurve, second: CostCurve, begin: float, end: float) -> int:
    """Return the sign of the gap if it is certain line by line, else zero.

    Between two edges both curves are straight, so a gap with the same sign at both ends keeps it.
    Close to an edge a float may lie on either side, so `_apart` decides.
    """
    edges = {begin, end, *first.edges(begin, end), *second.edges(begin, end)}
    signs = {_apart(first, second, edge, edge) for edge in edges}
    return signs.pop() if len(signs) == 1 else 0


def _walk(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield the sides line by line, exactly."""
    x = start
    while x < stop:
        edges = (first.next_edge(x), second.next_edge(x), stop)
        edge = min(edge for edge in edges if edge is not None)
        one, two = first.after(x), second.after(x)
        gap, slope = one.value - two.value, one.slope - two.slope
        yield x, _sign(gap or slope), False
        if slope and x < (zero := x - gap / slope) < min(edge, stop):
            yield zero, _sign(slope), True
        x = edge


def _sign(number: Fraction) -> int:
    return (number > 0) - (number < 0)
