"""The bill by traffic, both on log scales: a line per platform, a mark per crossover.

Below it, on the same scale of traffic, the uncertainty of each crossover. Floats are exact enough
for pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ferryman.cost.compare import LEVELS, Comparison, Duel
from ferryman.cost.envelope import CostCurve
from ferryman.cost.number_format import rate_per_second, usd, volume
from ferryman.cost.page.drawing import (
    NARROW,
    WIDTH,
    Point,
    colours,
    dollars,
    dot_and_name,
    line,
    name_room,
    path,
    picture,
    requests,
    text,
)
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.scale import Scale, apart, decades
from ferryman.cost.study import Study, shown_duels
from ferryman.cost.uncertainty import Band
from ferryman.records.table import Table
from ferryman.records.wording import counted

__all__ = (
    "CHEAPEST_SHOWN",
    "bill_chart",
    "crossover_table",
    "narrow_bill_chart",
    "sampled",
    "shown_volumes",
)

LEFT, TOP, BOTTOM = 58.0, 12.0, 332.0
NARROW_LEFT, NARROW_RIGHT = 54.0, 24.0
ROW, FIRST_ROW, LEGEND_ROW = 36.0, 372.0, 20.0

CHEAPEST_SHOWN = 1.0
"""USD a month at the bottom of the chart, because a log scale has no zero."""

SAMPLES = 160
"""Points along each curve."""

MOST_EDGES = 400
"""Up to this many steps are drawn exactly; more cannot be distinguished in the picture."""


def bill_chart(study: Study) -> Markup:
    """Return the chart, with a row below it for each pair of platforms."""
    comparison = study.comparison
    duels = shown_duels(comparison)
    names = [p.name for p in comparison.platforms] + [_rival(duel) for duel in duels]
    plot = _Plot.of(study, LEFT, WIDTH - name_room(names, 26), "plot")
    height = FIRST_ROW + ROW * len(duels) if duels else BOTTOM + 46
    # Leave room for the last number of the axis, which may be at the very edge.
    last = plot.x.at(max(decades(plot.x.low, plot.x.high), default=plot.x.high))
    unit = max(plot.x.stop + 10, last + 34)
    return picture(
        height,
        _label(comparison),
        *plot.drawn(),
        text((unit, BOTTOM + 18), "requests a month", "tick"),
        *_names(plot),
        *_marks(duels, plot.x, plot.y),
        *_rows(study, duels, plot.x),
        class_="curves wide",
        **plot.readings(),
    )


def narrow_bill_chart(study: Study) -> Markup:
    """Return the chart for a narrow screen: names below the plot, no rows of crossovers."""
    comparison = study.comparison
    plot = _Plot.of(study, NARROW_LEFT, NARROW - NARROW_RIGHT, "narrow-plot")
    height = BOTTOM + 44 + LEGEND_ROW * len(comparison.platforms)
    return picture(
        height,
        _label(comparison),
        *plot.drawn(every=2),
        text((NARROW - 4, BOTTOM + 34), "requests a month", "tick", "end"),
        *_legend(plot),
        *_marks(shown_duels(comparison), plot.x, plot.y),
        width=NARROW,
        class_="curves narrow",
        **plot.readings(),
    )


def _label(comparison: Comparison) -> str:
    count = len(comparison.platforms)
    return f"Line chart: USD a month by requests a month, {counted(count, 'platform')}"


@dataclass(frozen=True, slots=True)
class _Plot:
    """The part of the chart that has two scales.

    Attributes:
        comparison: The comparison.
        x: Requests a month.
        y: USD a month.
        samples: Points of each curve.
        kinds: The CSS class of each curve.
        clip: The id of the clip path of the curves.
    """

    comparison: Comparison
    x: Scale
    y: Scale
    samples: tuple[list[Point], ...]
    kinds: tuple[str, ...]
    clip: str

    @classmethod
    def of(cls, study: Study, start: float, stop: float, clip: str) -> _Plot:
        """Return the plot of a study between two places."""
        comparison = study.comparison
        low, high = shown_volumes(study)
        samples = tuple(sampled(curve, low, high) for curve in comparison.curves)
        most = max(y for points in samples for _, y in points)
        y = Scale(CHEAPEST_SHOWN, max(most, 10.0) * 1.4, BOTTOM, TOP, log=True)
        x = Scale(low, high, start, stop, log=True)
        kinds = colours(platform.name for platform in comparison.platforms)
        return cls(comparison, x, y, samples, kinds, clip)

    def drawn(self, every: int = 1) -> Iterator[Markup]:
        """Yield the axes, the curves, and the workload's own volume and bill.

        Args:
            every: The spacing of the numbers on the axis: 1 for each round volume, 2 for every
                second one.
        """
        x = self.x
        area = element("rect", x=x.start, y=TOP, width=x.stop - x.start, height=BOTTOM - TOP)
        yield element("defs", element("clipPath", area, id=self.clip))
        yield _axes(x, self.y, every)
        lines = [
            path([(x.at(a), self.y.at(b)) for a, b in points], f"series {kind}")
            for points, kind in zip(self.samples, self.kinds, strict=True)
        ]
        yield element("g", *lines, clip_path=f"url(#{self.clip})")
        yield _own_bill(self.comparison, x, self.y)

    def readings(self) -> dict[str, Any]:
        """Return the scales, for the script that shows the bills under the pointer."""
        x, y = self.x, self.y
        return {
            "data_x": f"{x.start:g} {x.stop:.1f} {x.low:.6g} {x.high:.6g}",
            "data_y": f"{BOTTOM:g} {TOP:g} {y.low:.6g} {y.high:.6g}",
        }


def crossover_table(study: Study) -> Table:
    """Return a row per crossover: the volume, the cost there, the cheaper platform, its band."""
    rows = []
    for duel in study.comparison.duels:
        band = _band_cell(study.band_of(duel.first, duel.second))
        for index, change in enumerate(duel.changes):
            loser = duel.second if change.cheaper == duel.first else duel.first
            rows.append(
                (
                    volume(change.requests),
                    rate_per_second(change.requests),
                    usd(change.usd),
                    change.cheaper,
                    loser,
                    band if not index else "",
                )
            )
        if not duel.changes:
            other = duel.second if duel.cheaper_at_first == duel.first else duel.first
            rows.append(("never", "", "", other, duel.cheaper_at_first, band))
    header = (
        *("requests a month", "a second", "USD a month", "cheaper above it", "than"),
        "nine draws in ten",
    )
    return Table("Every crossover", header, tuple(rows), frozenset({0, 1, 2}))


def _band_cell(band: Band | None) -> str:
    if band is None:
        return ""
    if band.never > 0.95:
        return "none"
    ends = [requests(end) if end else "never" for end in (band.low, band.high)]
    return f"{ends[0]} to {ends[1]}"


def shown_volumes(study: Study) -> tuple[float, float]:
    """Return the lowest and the highest volume of the chart.

    Between them are the levels, the crossovers and their bands, with a margin. The usual levels
    are always included, so that the axis keeps still while the user moves an input.
    """
    comparison = study.comparison
    points = [float(level) for level in LEVELS if level <= comparison.horizon]
    points += [float(level.requests) for level in comparison.levels if level.requests]
    points += [
        float(x.requests) for duel in shown_duels(comparison) for x in duel.changes if x.requests
    ]
    points += [end for band in study.bands for end in (band.low, band.high) if end]
    horizon = float(comparison.horizon)
    low = max(min([*points, horizon / 100]) / 2, 1.0)
    own = float(comparison.workload.requests)
    return low, max(min(max([*points, low * 10]) * 2, horizon), low * 10, own * 1.5)


def sampled(curve: CostCurve, low: float, high: float) -> list[Point]:
    """Return points along a curve, with both ends of each step."""
    end = high if curve.end is None else min(high, float(curve.end))
    if end <= low:
        return [(low, CHEAPEST_SHOWN / 10)]
    ratio = (end / low) ** (1 / SAMPLES)
    found = [(x, curve.near(x)) for x in (low * ratio**step for step in range(SAMPLES))]
    found.append((end, curve.near(end)))
    if curve.edges_within(low, end) <= MOST_EDGES:
        found += _steps(curve, low, end)
    return sorted(found)


def _steps(curve: CostCurve, low: float, end: float) -> Iterator[Point]:
    edge = curve.next_edge(Fraction(low))
    # Compare floats: the end is rounded, so an exact edge at the end could be below it.
    while edge is not None and (place := float(edge)) < end:
        yield place, curve.near(place)
        yield place, float(curve.after(edge).value)
        edge = curve.next_edge(edge)


def _axes(x: Scale, y: Scale, every: int) -> Markup:
    parts = []
    for value in decades(y.low, y.high):
        place = y.at(value)
        parts.append(line((x.start, place), (x.stop, place), "grid"))
        parts.append(text((x.start - 8, place + 4), dollars(value), "tick", "end"))
    for count, value in enumerate(decades(x.low, x.high)):
        place = x.at(value)
        parts.append(line((place, TOP), (place, BOTTOM), "grid"))
        if not count % every:
            parts.append(text((place, BOTTOM + 18), requests(value), "tick", "middle"))
    return join(parts)


def _own_bill(comparison: Comparison, x: Scale, y: Scale) -> Markup:
    """Return a mark at the workload's own volume and its cheapest bill."""
    own, cheapest = float(comparison.workload.requests), comparison.own.cheapest
    if not own:
        return Markup()
    place = x.within(own)
    right = place > (x.start + x.stop) / 2
    label = f"yours: {requests(own)}"
    parts = [
        line((place, TOP), (place, BOTTOM), "own"),
        text((place + (-5 if right else 5), TOP + 12), label, "note", "end" if right else None),
    ]
    if cheapest.carried:
        height = y.within(float(cheapest.total))
        parts.append(element("circle", cx=place, cy=height, r=5.0, class_="mine"))
    return join(parts)


def _names(plot: _Plot) -> Iterator[Markup]:
    """Yield each platform's name beside the end of its line, moved apart if they overlap."""
    x, platforms = plot.x, plot.comparison.platforms
    ends = [plot.y.within(points[-1][1]) for points in plot.samples]
    for index, place in enumerate(apart(ends, 17, TOP + 6, BOTTOM - 4)):
        kind = plot.kinds[index]
        if abs(place - ends[index]) > 2:
            yield line((x.stop, ends[index]), (x.stop + 12, place), f"leader {kind}")
        yield _name(index, platforms[index].name, kind, (x.stop + 12, place))


def _legend(plot: _Plot) -> Iterator[Markup]:
    """Yield each platform's name in its own row below the plot."""
    for index, platform in enumerate(plot.comparison.platforms):
        place = 8.0, BOTTOM + 56 + LEGEND_ROW * index
        yield _name(index, platform.name, plot.kinds[index], place)


def _name(index: int, name: str, kind: str, place: Point) -> Markup:
    return dot_and_name(place, f"dot {kind}", name, data_series=index)


def _marks(duels: tuple[Duel, ...], x: Scale, y: Scale) -> Iterator[Markup]:
    for duel in duels:
        for change in duel.changes:
            cost = float(change.usd)
            if x.low < change.requests < x.high and cost >= y.low:
                spot = x.at(float(change.requests)), y.at(cost)
                yield element("circle", cx=spot[0], cy=spot[1], r=4.5, class_="cross")


def _rows(study: Study, duels: tuple[Duel, ...], x: Scale) -> Iterator[Markup]:
    for index, duel in enumerate(duels):
        middle = FIRST_ROW + ROW * index + 8
        yield line((LEFT, middle), (x.stop, middle), "grid")
        band = study.band_of(duel.first, duel.second)
        if band and band.never < 0.95:
            start = x.within(band.low or x.high)
            end = x.within(band.high or x.high)
            yield element(
                "rect", x=start, y=middle - 7, width=max(end - start, 2.0), height=14.0, rx=3.0,
                class_="band",
            )  # fmt: skip
        for change in duel.changes:
            if x.low < change.requests < x.high:
                place = x.at(float(change.requests))
                yield element("circle", cx=place, cy=middle, r=4.5, class_="cross")
        yield text((x.stop + 10, middle - 2), duel.second, "name")
        yield text((x.stop + 10, middle + 12), _rival(duel), "tick")
        yield _row_volume(duel, x, band, middle)


def _rival(duel: Duel) -> str:
    return f"against {duel.first}"


def _row_volume(duel: Duel, x: Scale, band: Band | None, middle: float) -> Markup:
    """Return the volume of the first crossover, left of the band and the marks of its row."""
    if not duel.changes:
        return text(((x.start + x.stop) / 2, middle - 4), "no crossover", "note", "middle")
    first = duel.changes[0]
    places = [x.within(float(first.requests)) - 8]
    if band and band.low:
        places.append(x.within(band.low) - 6)
    label = volume(first.requests) + (" first" if len(duel.changes) > 1 else "")
    return text((max(min(places), LEFT + 40), middle + 4), label, "note", "end")
