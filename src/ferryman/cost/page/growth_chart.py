"""The bill of each month of growing traffic: of the cheapest platform, and of today's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from ferryman.cost.growth import Forecast, Month
from ferryman.cost.page.drawing import (
    NARROW,
    WIDTH,
    Point,
    dollars,
    line,
    path,
    picture,
    text,
)
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.scale import Scale, round_steps
from ferryman.records.wording import counted

__all__ = ("growth_charts",)

TOP, BOTTOM = 28.0, 248.0
LEFT, RIGHT = 58.0, 20.0
NARROW_LEFT, NARROW_RIGHT = 54.0, 24.0
HEIGHT = BOTTOM + 66
TICK_ROOM = 90.0
"""The width that a month's name needs."""


def growth_charts(growth: Forecast) -> Markup:
    """Return the chart and its form for a narrow screen, without months that nothing can serve."""
    wide = _chart(growth, WIDTH, LEFT, RIGHT, "wide")
    return join((wide, _chart(growth, NARROW, NARROW_LEFT, NARROW_RIGHT, "narrow")))


def _chart(growth: Forecast, width: float, left: float, right: float, kind: str) -> Markup:
    months = [month for month in growth.months if month.usd.is_finite()]
    staying = [month for month in months if month.staying_usd.is_finite()]
    most = max([*(m.usd for m in months), *(m.staying_usd for m in staying)], default=Decimal(0))
    x = Scale(0, max(len(months) - 1, 1), left, width - right)
    y = Scale(0, max(float(most), 1.0) * 1.08, BOTTOM, TOP)
    return picture(
        HEIGHT,
        f"Line chart: USD a month in each of {counted(len(months), 'month')}, as the traffic grows",
        _axes(months, x, y),
        path(_points(staying, [m.staying_usd for m in staying], x, y), "staying"),
        path(_points(months, [m.usd for m in months], x, y), "cheapest"),
        _move(growth, x, y),
        *_legend(growth.current, left),
        width=width,
        class_=kind,
    )


def _points(
    months: Sequence[Month], amounts: Sequence[Decimal], x: Scale, y: Scale
) -> Iterator[Point]:
    for month, usd in zip(months, amounts, strict=True):
        yield x.at(month.number), y.at(float(usd))


def _axes(months: Sequence[Month], x: Scale, y: Scale) -> Markup:
    parts = [text((x.start - 8, TOP - 12), "USD", "tick", "end")]
    for value in round_steps(y.high):
        place = y.at(value)
        parts.append(line((x.start, place), (x.stop, place), "grid"))
        parts.append(text((x.start - 8, place + 4), dollars(value), "tick", "end"))
    shown = max(int((x.stop - x.start) / TICK_ROOM), 1)
    every = max(-(-len(months) // shown), 1)
    for month in months[::every]:
        place = x.at(month.number)
        parts.append(line((place, BOTTOM), (place, BOTTOM + 4), "grid"))
        anchor = "start" if month.number == 0 else "middle"
        parts.append(text((place, BOTTOM + 18), _short(month.name), "tick", anchor))
    return join(parts)


def _short(name: str) -> str:
    """Return a short name of a month, such as Mar 2028; `month 3` stays."""
    first, _, year = name.partition(" ")
    return f"{first[:3]} {year}" if len(year) == 4 else name


def _move(growth: Forecast, x: Scale, y: Scale) -> Markup:
    """Return the month in which to move: a mark and its name."""
    move = growth.move
    if move is None or not move.usd.is_finite():
        return Markup()
    place, height = x.at(move.number), y.at(float(move.usd))
    right = place > (x.start + x.stop) / 2
    label = f"{move.name}: {move.cheapest}"
    if place + len(label) * 7 > x.stop and not right:
        label = move.name
    return join(
        (
            line((place, TOP), (place, BOTTOM), "own"),
            element("circle", cx=place, cy=height, r=5.0, class_="mine"),
            text((place + (-6 if right else 6), TOP + 10), label, "note", "end" if right else None),
        )
    )


def _legend(current: str, left: float) -> Iterator[Markup]:
    for index, (kind, name) in enumerate(
        (("cheapest", "the cheapest in each month"), ("staying", f"staying on {current}"))
    ):
        height = BOTTOM + 36 + 18 * index
        yield line((left, height), (left + 18, height), kind)
        yield text((left + 25, height + 4), name, "name")
