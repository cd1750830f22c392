"""The traffic in each hour of the week, and the rate that the servers can serve.

Lambda has no line, because it has as many environments as there are requests in flight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import MONTH_SECONDS, rate_per_second
from ferryman.cost.page.drawing import (
    WIDTH,
    Point,
    colours,
    dot_and_name,
    line,
    name_room,
    path,
    picture,
    text,
)
from ferryman.cost.page.markup import Markup
from ferryman.cost.page.scale import Scale, apart, round_steps
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import size_at
from ferryman.cost.traffic.shape import HOURS, Shape
from ferryman.records.table import Row, Table
from ferryman.records.wording import counted

__all__ = ("DAYS", "Capacity", "capacities", "hourly_rates", "week_chart", "week_table")

LEFT, TOP, BOTTOM, HEIGHT = 58.0, 14.0, 232.0, 262.0

UNIT = "requests a second"

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TALLEST = 5
"""A capacity above this many times the busiest hour is only named at the top: drawn to scale, it
would flatten the traffic."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The capacity of a platform's servers.

    Args:
        platform: The name of the platform.
        index: Its index in the comparison.
        servers: How many servers run in each hour of the week.
        each: Requests a second that one server can serve within the latency objective.
    """

    platform: str
    index: int
    servers: tuple[int, ...]
    each: float

    @property
    def rates(self) -> tuple[float, ...]:
        """Requests a second that all servers can serve, in each hour of the week."""
        return tuple(count * self.each for count in self.servers)


def capacities(comparison: Comparison, shape: Shape) -> tuple[Capacity, ...]:
    """Return the capacity of every platform that has servers and can serve the week."""
    found = []
    for index, platform in enumerate(comparison.platforms):
        fleet = _fleet(platform, comparison)
        bill = comparison.own.bills[index]
        if fleet and bill.carried and bill.servers:
            servers = tuple(_servers(fleet, comparison, shape, bill.servers))
            found.append(Capacity(platform.name, index, servers, _each(fleet, comparison)))
    return tuple(found)


def _fleet(platform: Platform, comparison: Comparison) -> Fleet | None:
    """Return the servers in the size that is the cheapest at the workload's own volume."""
    return size_at(platform, comparison.workload, comparison.book).fleet(comparison.book)


def _servers(fleet: Fleet, comparison: Comparison, shape: Shape, kept: int) -> Iterator[int]:
    share = fleet.share_of_rate(comparison.workload.inputs) * Fraction(comparison.workload.requests)
    for weight in shape.weights:
        yield int(fleet.count(share * weight)) if fleet.sizing.scaling == "hourly" else kept


def _each(fleet: Fleet, comparison: Comparison) -> float:
    inputs = comparison.workload.inputs
    return 1 / float(max(fleet.needs(inputs)) * inputs.burst)


def hourly_rates(comparison: Comparison, shape: Shape) -> tuple[float, ...]:
    """Return the requests a second in each hour of the week."""
    mean = float(comparison.workload.requests) / MONTH_SECONDS
    return tuple(mean * float(weight) for weight in shape.weights)


def week_chart(comparison: Comparison, shape: Shape) -> Markup:
    """Return the chart."""
    rates, held = hourly_rates(comparison, shape), capacities(comparison, shape)
    limit = TALLEST * max(rates)
    shown = [x for x in held if max(x.rates) <= limit]
    top = max([*rates, *(max(x.rates) for x in shown)]) or 1.0
    names = [_name(each, each in shown) for each in held]
    kinds = colours(platform.name for platform in comparison.platforms)
    x = Scale(0, HOURS, LEFT, WIDTH - name_room([*names, UNIT], 26))
    y = Scale(0, top * 1.12, BOTTOM, TOP)
    return picture(
        HEIGHT,
        "Area chart: requests a second in each hour of the week, and the capacity of the servers",
        *_axes(x, y),
        path(_steps(rates, x, y, foot=True), "traffic", closed=True),
        *(path(_steps(each.rates, x, y), f"series {kinds[each.index]}") for each in shown),
        *_names(held, shown, kinds, rates, x, y),
    )


def _axes(x: Scale, y: Scale) -> Iterator[Markup]:
    for value in round_steps(y.high):
        place = y.at(value)
        yield line((LEFT, place), (x.stop, place), "grid")
        yield text((LEFT - 8, place + 4), f"{value:g}", "tick", "end")
    for index, day in enumerate(DAYS):
        yield line((x.at(index * 24), TOP), (x.at(index * 24), BOTTOM), "grid")
        yield text((x.at(index * 24 + 12), BOTTOM + 18), day, "tick", "middle")
    yield text((x.stop + 10, BOTTOM + 18), UNIT, "tick")


def _steps(values: Sequence[float], x: Scale, y: Scale, *, foot: bool = False) -> Iterator[Point]:
    """Yield the corners of a line that is horizontal within each hour."""
    if foot:
        yield x.at(0), y.at(0)
    for hour, value in enumerate(values):
        yield x.at(hour), y.at(value)
        yield x.at(hour + 1), y.at(value)
    if foot:
        yield x.at(len(values)), y.at(0)


def _names(
    held: Sequence[Capacity],
    shown: Sequence[Capacity],
    kinds: Sequence[str],
    rates: Sequence[float],
    x: Scale,
    y: Scale,
) -> Iterator[Markup]:
    entries = [(y.at(max(rates) * 0.5), "traffic-dot", "traffic")]
    for each in held:
        place = y.at(each.rates[-1]) if each in shown else TOP
        entries.append((place, kinds[each.index], _name(each, each in shown)))
    places = apart([place for place, _, _ in entries], 17, TOP, BOTTOM - 4)
    for place, (_, kind, name) in zip(places, entries, strict=True):
        yield dot_and_name((x.stop + 12, place), f"dot {kind}", name)


def _name(each: Capacity, shown: bool) -> str:
    least, most = min(each.servers), max(each.servers)
    count = f"{most}" if least == most else f"{least} to {most}"
    return f"{each.platform}: {count}" if shown else f"{each.platform}: {count}, far above"


def week_table(comparison: Comparison) -> Table:
    """Return a row per platform: what runs in the busiest hour, its capacity and its use."""
    work = comparison.workload
    mean = float(work.requests) / MONTH_SECONDS
    busiest = mean * float(work.peak_to_mean)
    rows: list[Row] = []
    for platform, bill in zip(comparison.platforms, comparison.own.bills, strict=True):
        fleet = _fleet(platform, comparison)
        if not bill.carried:
            rows.append((platform.name, "cannot serve it", "", ""))
        elif fleet and bill.servers:
            each = _each(fleet, comparison)
            share = busiest / (each * bill.servers)
            kept = counted(bill.servers, "server")
            cells = kept, f"{each * bill.servers:,.0f}", f"{share:.0%}"
            rows.append((platform.name, *cells))
        else:
            at_once = math.ceil(busiest * float(work.wall_ms) / 1000)
            rows.append((platform.name, counted(at_once, "environment"), "as needed", ""))
    peak = work.requests * work.peak_to_mean
    title = f"In the busiest hour, at {rate_per_second(peak)} requests a second"
    header = ("platform", "running", "capacity, requests a second", "used")
    return Table(title, header, tuple(rows), frozenset({2, 3}))
