from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferryman.cost import Workload, compare, crossover, load_book
from ferryman.cost.crossover import Contest, Crossing, Reign
from ferryman.cost.curve import Curve, Segment, constant, linear, staircase, tiered, total
from ferryman.cost.platforms.catalog import Choices, make_platforms
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.staircases import Flight, Staircase
from ferryman.cost.stepped_curve import SteppedCurve, Surplus
from ferryman.cost.traffic.shape import preset


def settle(first: Curve, second: Curve, horizon: int | Fraction) -> Contest:
    return crossover.settle(SteppedCurve(first), SteppedCurve(second), horizon)


def reigns(found: list[Curve], horizon: int) -> tuple[Reign, ...]:
    return crossover.reigns([SteppedCurve(curve) for curve in found], horizon)


END = 8
"""How far the random curves are compared. Their breakpoints are whole numbers."""

GRAIN = 400
SAMPLES = range(1, GRAIN * END, 2)
"""Points, in four-hundredths, that no event of the random curves can hit, closer together
than any two events.

Lines with whole values and slopes of at most 5 meet at fractions with a denominator of at
most 10, so two meetings are at least 1/90 apart; the samples are 1/200 apart and have a
denominator that 16 divides.
"""


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    starts = sorted(draw(st.sets(st.integers(1, END - 1), max_size=5)) | {0})
    small = st.integers(-5, 5)
    return Curve(
        tuple(
            Segment(Fraction(start), Fraction(draw(small)), Fraction(draw(small)))
            for start in starts
        )
    )


def heights(curve: Curve) -> list[int]:
    """The curve at every sample, in four-hundredths, without the curve's own methods."""
    lines = [(int(s.start), int(s.value), int(s.slope)) for s in curve.segments]
    found = []
    for sample in SAMPLES:
        start, value, slope = [line for line in lines if line[0] * GRAIN < sample][-1]
        found.append(value * GRAIN + slope * (sample - start * GRAIN))
    return found


def scan(first: Curve, second: Curve) -> list[tuple[Fraction, Fraction, bool]]:
    """Crossings by brute force: the samples before and after, and who is lower after."""
    found = []
    side = 0
    for sample, one, two in zip(SAMPLES, heights(first), heights(second), strict=True):
        sign = (one > two) - (one < two)
        if side and sign and sign != side:
            found.append((Fraction(sample - 2, GRAIN), Fraction(sample, GRAIN), sign < 0))
        side = sign or side
    return found


@settings(max_examples=100, deadline=None)
@given(curves(), curves())
def test_every_crossing_of_random_curves_is_found_and_no_other(first: Curve, second: Curve) -> None:
    expected = scan(first, second)
    found = settle(first, second, END).crossings
    assert len(found) == len(expected)
    for crossing, (before, after, first_lower) in zip(found, expected, strict=True):
        assert before <= crossing.at <= after
        assert crossing.first_becomes_lower == first_lower


@settings(max_examples=50, deadline=None)
@given(st.lists(curves(), min_size=1, max_size=4))
def test_the_lowest_of_random_curves_reigns_everywhere(found: list[Curve]) -> None:
    spans = reigns(found, END)
    assert spans[0].start == 0
    assert spans[-1].end == END
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert all(one.index != two.index for one, two in pairwise(spans))
    table = [heights(curve) for curve in found]
    for place, sample in enumerate(SAMPLES):
        span = next(s for s in spans if s.start < Fraction(sample, GRAIN) <= s.end)
        assert table[span.index][place] == min(row[place] for row in table)


def test_of_curves_that_tie_the_reigning_one_stays() -> None:
    dear_then_equal = tiered([(0, 2), (1, 0)])
    spans = reigns([dear_then_equal, tiered([(0, 1), (2, 0)])], END)
    assert spans == (Reign(Fraction(0), Fraction(END), 1),)


def test_two_lines_meet_at_a_rational_point() -> None:
    found = settle(linear(Fraction(1, 3)), constant(1), 10).crossings
    assert found == (Crossing(Fraction(3), first_becomes_lower=False, jump=False),)


def test_a_step_makes_a_crossing_and_the_line_crosses_back() -> None:
    stairs = staircase(10, 1, 40).scaled(10)
    line = total([linear(1), constant(Fraction(1, 2))])
    found: list[object] = [
        (c.at, c.first_becomes_lower, c.jump) for c in settle(line, stairs, 40).crossings
    ]
    half = Fraction(1, 2)
    assert found == [
        (10 - half, False, False),
        (10, True, True),
        (20 - half, False, False),
        (20, True, True),
        (30 - half, False, False),
        (30, True, True),
        (40 - half, False, False),
    ]


def test_touching_is_not_crossing() -> None:
    dip = total([tiered([(0, -1), (5, 1)]), constant(5)])
    assert settle(dip, constant(0), 10).crossings == ()


def test_curves_that_run_together_cross_where_they_part() -> None:
    bend = tiered([(0, 2), (4, 1), (6, 3)])
    together = total([tiered([(0, 1), (4, 1)]), constant(4)])
    assert settle(bend, together, 10).crossings == (
        Crossing(Fraction(6), first_becomes_lower=False, jump=False),
    )


def test_never_is_an_answer() -> None:
    assert settle(linear(1), constant(100), 99) == Contest(first_leads=True, crossings=())
    assert settle(constant(100), linear(1), 99) == Contest(first_leads=False, crossings=())


def test_a_crossing_at_the_horizon_is_beyond_it() -> None:
    assert not settle(linear(1), constant(5), 5).crossings
    assert len(settle(linear(1), constant(5), Fraction(51, 10)).crossings) == 1


@pytest.mark.parametrize("same", [constant(3), linear(2), staircase(1, 1, 9)])
def test_a_curve_does_not_cross_itself(same: Curve) -> None:
    assert settle(same, same, 9) == Contest(first_leads=True, crossings=())


@st.composite
def bills(draw: st.DrawFn) -> SteppedCurve:
    """A cost curve as a random price book makes one: tiers, a free part, servers."""
    price, less = draw(st.integers(0, 400)), draw(st.integers(1, 4))
    tiers = [
        (0, Fraction(price, 10**7)),
        (draw(st.integers(1, 900_000)), Fraction(price, less * 10**7)),
    ]
    smooth = total(
        [tiered(tiers, draw(st.integers(0, 200_000))), constant(draw(st.integers(0, 20)))]
    )
    width, height = draw(st.integers(20_000, 500_000)), draw(st.integers(0, 12))
    end = draw(st.none() | st.just(Fraction(700_000)))
    return SteppedCurve(smooth, (Staircase(Fraction(width), 1, Fraction(height)),), end)


MILLION = 10**6


def on_every_point(curve: SteppedCurve) -> Any:
    """The curve at each whole number below a million, as floats, without its own methods."""
    numpy = pytest.importorskip("numpy")
    x = numpy.arange(1, MILLION, dtype=float)
    heights = numpy.zeros_like(x)
    for line in curve.smooth.segments:
        inside = x > float(line.start)
        heights[inside] = float(line.value) + float(line.slope) * (x[inside] - float(line.start))
    for steps in curve.stairs.stairs:
        count = numpy.maximum(steps.least, numpy.ceil(x / float(steps.width)))
        heights += float(steps.height) * count
    if curve.end is not None:
        heights[x > float(curve.end)] = numpy.inf
    return heights


@settings(max_examples=10, deadline=None)
@given(bills(), bills())
def test_crossings_are_those_of_brute_force_over_a_million_volumes(
    first: SteppedCurve, second: SteppedCurve
) -> None:
    numpy = pytest.importorskip("numpy")
    one, two = on_every_point(first), on_every_point(second)
    with numpy.errstate(invalid="ignore"):
        gap = one - two
    side = numpy.where(numpy.abs(gap) < 1e-9, 0, numpy.sign(numpy.nan_to_num(gap, nan=0.0)))
    places = numpy.flatnonzero(side)
    changes = numpy.flatnonzero(numpy.diff(side[places]))
    expected = [(places[i] + 1, places[i + 1] + 1) for i in changes]
    contest = crossover.settle(first, second, MILLION)
    # Two crossings between neighbouring whole numbers cannot be seen by the scan.
    seen = [c for c in contest.crossings if math.ceil(c.at) < MILLION - 1]
    found = [c for c in seen if any(low <= c.at <= high for low, high in expected)]
    assert len(found) >= len(expected)
    for crossing in set(seen) - set(found):
        assert any(
            other is not crossing and math.floor(other.at) == math.floor(crossing.at)
            for other in seen
        )


def test_a_curve_that_ends_leaves_the_field_to_the_other() -> None:
    cheap = SteppedCurve(constant(1), end=Fraction(100))
    dear = SteppedCurve(constant(5))
    assert crossover.settle(cheap, dear, 1000).crossings == (
        Crossing(Fraction(100), first_becomes_lower=False, jump=True),
    )
    assert crossover.reigns([dear, cheap], 1000) == (
        Reign(Fraction(0), Fraction(100), 1),
        Reign(Fraction(100), Fraction(1000), 0),
    )
    assert len(crossover.reigns([cheap], 1000)) == 1


def test_only_a_surplus_that_begins_between_two_points_counts_as_a_line_there() -> None:
    """Else an interval of many such curves would be halved for ever, and a crossing not found."""
    one = Fraction(1)
    stairs = (Staircase(Fraction(100), 1, one),)
    beyond = Surplus(slope=one, each=Fraction(50), price=one / 100, stairs=Flight(stairs))
    curve = SteppedCurve(linear(0), (Staircase(Fraction(100), 1, Fraction(2)),), None, (beyond,))
    assert curve.never_falls
    assert curve.edges_within(10, 40) == 0
    assert curve.edges_within(40, 60) == 1
    assert curve.edges_within(60, 90) == 0
    assert curve.edges_within(60, 190) >= len(curve.edges(60, 190))


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_a_crossing_of_many_burstable_sizes_is_found(
    architecture: Literal["arm64", "x86_64"],
) -> None:
    work = Workload.of(preset("consumer"), requests=10**6, wall_ms=124, cpu_ms=10)
    choices = Choices(architecture=architecture, every_size=True)
    function, servers = make_platforms(["lambda-url", "ec2"], choices)
    (duel,) = compare(work, (function, servers), levels=()).duels
    for change in duel.changes:
        at = replace(work, requests=change.requests)
        usd = bill(function, at, load_book()).total
        assert usd == pytest.approx(change.usd, rel=Decimal("1e-6"))
    assert duel.changes
