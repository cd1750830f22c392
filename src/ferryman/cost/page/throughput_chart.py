"""A measurement: the costs of requests, and the throughput with the law fitted to it."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.cost.page.drawing import WIDTH, dot_and_name, line, name_room, path, picture, text
from ferryman.cost.page.markup import Markup, element
from ferryman.cost.page.scale import Scale, apart, round_steps
from ferryman.records.measurement import Estimate, Measurement, Scaling, TargetFigures
from ferryman.records.table import Row, Table

__all__ = ("curve_table", "route_table", "throughput_chart")

LEFT, TOP, BOTTOM, HEIGHT = 58.0, 14.0, 252.0, 290.0

UNIT = "requests in flight"

MEASURED, LAW, CAPACITY = "measured", "scalability law", "one full vCPU"


def throughput_chart(figures: TargetFigures) -> Markup:
    """Return the chart; the target must have a throughput curve."""
    loads, capacity = figures.loads, figures.capacity
    rates = [load.requests_per_second for load in loads]
    most = max([*rates, capacity.high if capacity else 0.0])
    x = Scale(1.0, float(loads[-1].concurrency), LEFT, WIDTH - name_room([UNIT], 30), log=True)
    y = Scale(0, 1.08 * most, BOTTOM, TOP)
    return picture(
        HEIGHT,
        "Line chart: requests a second by requests in flight, as measured and by the law",
        *_axes(figures, x, y),
        *([_capacity(capacity, x, y)] if capacity else []),
        *([_law(figures.scaling, x, y)] if figures.scaling else []),
        *(
            element("circle", cx=x.at(load.concurrency), cy=y.at(rate), r=4.5, class_="end-high")
            for load, rate in zip(loads, rates, strict=True)
        ),
        *_names(figures, x, y),
    )


def _axes(figures: TargetFigures, x: Scale, y: Scale) -> Iterator[Markup]:
    for value in round_steps(y.high):
        place = y.at(value)
        yield line((LEFT, place), (x.stop, place), "grid")
        yield text((LEFT - 8, place + 4), f"{value:,g}", "tick", "end")
    for load in figures.loads:
        yield text((x.at(load.concurrency), BOTTOM + 18), f"{load.concurrency}", "tick", "middle")
    yield text((x.stop + 12, BOTTOM + 18), UNIT, "tick")


def _capacity(capacity: Estimate, x: Scale, y: Scale) -> Markup:
    height = max(1.0, y.at(capacity.low) - y.within(capacity.high))
    band = element(
        "rect", x=LEFT, y=y.within(capacity.high), width=x.stop - LEFT, height=height, class_="band"
    )  # fmt: skip
    middle = line((LEFT, y.at(capacity.value)), (x.stop, y.at(capacity.value)), "own")
    return element("g", band, middle)


def _law(law: Scaling, x: Scale, y: Scale) -> Markup:
    steps = 60
    places = (x.low * (x.high / x.low) ** (step / steps) for step in range(steps + 1))
    return path(((x.at(n), y.within(law.throughput(n))) for n in places), "series s1")


def _names(figures: TargetFigures, x: Scale, y: Scale) -> Iterator[Markup]:
    last = figures.loads[-1]
    entries = [(y.at(last.requests_per_second), "dot s0", MEASURED)]
    if figures.scaling:
        entries.append((y.within(figures.scaling.throughput(x.high)), "dot s1", LAW))
    if figures.capacity:
        entries.append((y.at(figures.capacity.value), "traffic-dot", CAPACITY))
    places = apart([place for place, _, _ in entries], 17, TOP, BOTTOM)
    for place, (_, kind, name) in zip(places, entries, strict=True):
        yield dot_and_name((x.stop + 16, place), kind, name)


def curve_table(figures: TargetFigures) -> Table:
    """Return a row per point of the curve."""
    law = figures.scaling
    rows: list[Row] = [
        (
            f"{load.concurrency}",
            f"{load.requests_per_second:,.0f}",
            f"{law.throughput(load.concurrency):,.0f}" if law else "",
            *(f"{ms:,.3g}" for ms in (load.p50_ms, load.p95_ms, load.p99_ms)),
        )
        for load in figures.loads
    ]
    header = ("in flight", "requests a second", "by the law", "p50, ms", "p95, ms", "p99, ms")
    return Table("The throughput of one process", header, tuple(rows), frozenset(range(6)))


def route_table(measurement: Measurement) -> Table:
    """Return a row per target and request: its share, CPU time and duration."""
    rows: list[Row] = []
    for name, figures in measurement.targets.items():
        for route in figures.routes:
            costs = _estimate(route.cost.cpu_ms), _estimate(route.cost.wall_ms)
            rows.append((f"{route.method} {route.path}", name, f"{route.share:.0%}", *costs))
    header = ("request", "on", "share", "CPU time, ms", "duration, ms")
    return Table("What a request costs", header, tuple(rows), frozenset({2, 3, 4}))


def _estimate(figure: Estimate) -> str:
    return f"{figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g})"
