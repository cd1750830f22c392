"""How far each uncertain input alone moves a crossover, the strongest at the top."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ferryman.cost.input_labels import INPUT_LABELS
from ferryman.cost.page.drawing import Point, line, picture, requests, text
from ferryman.cost.page.markup import Markup, element
from ferryman.cost.page.scale import Scale, decades
from ferryman.cost.sentences import MOVES
from ferryman.cost.study import Study
from ferryman.cost.uncertainty import Influence
from ferryman.records.table import Row, Table
from ferryman.records.wording import three_digits

__all__ = ("moving", "tornado_chart", "tornado_table")

LEFT, RIGHT, TOP, ROW = 180.0, 890.0, 14.0, 36.0


def moving(study: Study) -> tuple[Influence, ...]:
    """Return the inputs that move the crossover, the strongest first."""
    return tuple(x for x in study.influences if x.swing > MOVES)


def tornado_chart(study: Study) -> Markup:
    """Return the chart; there must be at least one influence."""
    ends = [x for found in moving(study) for x in (found.at_low, found.at_high) if x]
    low, high = min(ends) / 1.25, max(ends) * 1.25
    if any(found.at_low is None or found.at_high is None for found in moving(study)):
        high *= 2
    x = Scale(low, high, LEFT, RIGHT, log=True)
    foot = TOP + ROW * len(moving(study))
    return picture(
        foot + 30,
        "Bar chart: the crossover with each input at the low and the high end of its range",
        *_axes(x, foot),
        *_middle(study, x, foot),
        *(part for n, found in enumerate(moving(study)) for part in _bar(study, found, n, x)),
    )


def _axes(x: Scale, foot: float) -> Iterator[Markup]:
    for value in decades(x.low, x.high):
        place = x.at(value)
        yield line((place, TOP - 4), (place, foot), "grid")
        yield text((place, foot + 18), requests(value), "tick", "middle")


def _middle(study: Study, x: Scale, foot: float) -> Iterator[Markup]:
    assert study.pair
    duel = next(d for d in study.comparison.duels if (d.first, d.second) == study.pair)
    if duel.changes:
        place = x.within(float(duel.changes[0].requests))
        yield line((place, TOP - 4), (place, foot), "own")


def _bar(study: Study, found: Influence, index: int, x: Scale) -> Iterator[Markup]:
    name, unit = _name_and_unit(found.name)
    given = study.ranges[found.name]
    middle = TOP + ROW * index + ROW / 2
    yield text((LEFT - 14, middle - 1), name, "name", "end")
    yield text((LEFT - 14, middle + 12), f"{_range(given.low, given.high)}{unit}", "tick", "end")
    start, end = (x.within(value or x.high) for value in (found.at_low, found.at_high))
    yield element(
        "rect", x=min(start, end), y=middle - 8, width=max(abs(end - start), 2.0), height=16.0,
        rx=2.0, class_="bar",
    )  # fmt: skip
    yield element("circle", cx=start, cy=middle, r=4.0, class_="end-low")
    yield element("circle", cx=end, cy=middle, r=4.0, class_="end-high")
    yield from _labels(found, (start, middle), (end, middle))


def _name_and_unit(field: str) -> tuple[str, str]:
    label = INPUT_LABELS[field]
    return label.name, f" {label.unit}" if label.unit else ""


def _labels(found: Influence, low: Point, high: Point) -> Iterator[Markup]:
    """Yield the volume at each end of a bar, outside of it."""
    for value, place, other in ((found.at_low, low, high), (found.at_high, high, low)):
        left = place[0] < other[0]
        spot = (place[0] - 9 if left else place[0] + 9, place[1] + 4)
        yield text(spot, requests(value) if value else "never", "note", "end" if left else None)


def _range(low: Decimal, high: Decimal) -> str:
    return f"{three_digits(low)} to {three_digits(high)}"


def tornado_table(study: Study) -> Table:
    """Return a row per input: its range, and the crossover at each end."""
    rows: list[Row] = []
    for found in moving(study):
        name, unit = _name_and_unit(found.name)
        given = study.ranges[found.name]
        ends = [requests(x) if x else "never" for x in (found.at_low, found.at_high)]
        rows.append((name, f"{_range(given.low, given.high)}{unit}", *ends))
    header = ("input", "range", "crossover at the low end", "at the high end")
    return Table("What moves the crossover", header, tuple(rows), frozenset({2, 3}))
