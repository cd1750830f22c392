"""Where one cost curve becomes cheaper than another: every crossing, in exact fractions.

Two curves that never fall stand apart wherever the one begins an interval higher than the
other ends it. Intervals are halved until they do so by far more than a float can err, or
hold so few lines that they are solved line by line with fractions. So no crossing is
missed, however close together they lie. Knows curves, not platforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ferryman.cost.curve import Number
from ferryman.cost.envelope import CostCurve

__all__ = ("Contest", "Crossing", "Reign", "reigns", "settle")

Side = tuple[Fraction, int, bool]
"""A point, the sign of the gap from there on, and whether two lines meet in it."""

FEW_LINES = 4
CERTAIN = 1e-9
"""How far apart two heights must be, relative to them, to be told apart by floats."""


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
            places does not count. Empty if neither is ever strictly the lower one after the other
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


def settle(first: CostCurve, second: CostCurve, horizon: Number) -> Contest:
    """Return which of two curves is the lower one, from zero to ``horizon``.

    Where a curve ends before the horizon, the other one is the lower from there on.
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

    Where several are the lowest, the one that already was goes on. A curve that ends counts
    no longer; where all have ended, nothing reigns.
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
        # The one that is the lowest at the end leaves the others little to be held against.
        others = [other for other in alive if other != index]
        for other in sorted(others, key=lambda other: _height(curves[other], float(until))):
            until = _first_below(curves[other], curves[index], at, until, stop)
        found.append(Reign(at, until, index))
        at = until
    return tuple(found)


def _first_below(
    other: CostCurve, ruler: CostCurve, start: Fraction, until: Fraction, stop: Fraction
) -> Fraction:
    """Return where another curve first falls below the ruler, if that is before ``until``."""
    for at, sign, _ in _sides(other, ruler, start, min(until, _end(other, stop))):
        if sign < 0:
            return at
    return until


def _end(curve: CostCurve, horizon: Number) -> Fraction:
    stop = Fraction(horizon)
    return stop if curve.end is None else min(curve.end, stop)


def _jumps(first: CostCurve, second: CostCurve, x: Fraction) -> bool:
    """Return whether the gap between the two is another one just after ``x``."""
    after = first.after(x).value - second.after(x).value
    return first.at(x) - second.at(x) != after


def _sides(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield where the sign of ``first - second`` may change, and what it is from there on."""
    if first.never_falls and second.never_falls:
        yield from _halve(first, second, start, stop)
    else:
        yield from _walk(first, second, start, stop)


def _halve(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield the sides of two curves that never fall, without looking at every line.

    The points between are floats, which are fractions too: nothing is lost in passing.
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
            # What floats cannot tell apart does not get clearer by halving it further.
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
        for found in _walk(first, second, Fraction(low), Fraction(high)):
            side = found[1] or side
            yield found


def _apart(first: CostCurve, second: CostCurve, begin: float, end: float) -> int:
    """Return the sign of the gap if it is certain from ``begin`` to ``end``, else zero.

    The float of a point may lie on the wrong side of a step, so heights are taken a little
    outside of the interval: lower at its start, higher at its end.
    """
    begin, end = begin * (1 - CERTAIN), end * (1 + CERTAIN)
    lowest, highest = _height(first, begin), _height(first, end)
    bottom, top = _height(second, begin), _height(second, end)
    margin = CERTAIN * (1 + highest + top)
    if lowest > top + margin:
        return 1
    return -1 if bottom > highest + margin else 0


def _height(curve: CostCurve, x: float) -> float:
    """Return the height of a curve, asked for at the same places against each other one."""
    known = curve.heights
    if x not in known:
        known[x] = curve.near(x)
    return known[x]


def _clear(first: CostCurve, second: CostCurve, begin: float, end: float) -> int:
    """Return the sign of the gap if it is certain line by line, else zero.

    Between two edges both curves are straight, so the gap keeps the sign that it has at both
    ends. Around an edge, where a float may lie on either side of it, `_apart` decides.
    """
    edges = {begin, end, *first.edges(begin, end), *second.edges(begin, end)}
    signs = {_apart(first, second, edge, edge) for edge in edges}
    return signs.pop() if len(signs) == 1 else 0


def _walk(first: CostCurve, second: CostCurve, start: Fraction, stop: Fraction) -> Iterator[Side]:
    """Yield the sides line by line."""
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
