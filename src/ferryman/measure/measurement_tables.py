"""Formats a measurement as tables and sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.measure.reliability import reach
from ferryman.records.measurement import Cost, Estimate, Measurement, TargetFigures
from ferryman.records.table import Table
from ferryman.records.wording import three_digits

__all__ = ("tables",)

_TITLES = {
    "server": "On a server: gunicorn, one worker",
    "lambda": "On Lambda: one environment, one request at a time, a vCPU of its own",
}


def tables(measurement: Measurement) -> Iterator[Table]:
    """Yield the tables of a measurement: for each target its routes, itself, its curve."""
    for name, figures in measurement.targets.items():
        yield _routes(name, figures)
        yield _process(figures)
        if figures.loads:
            yield _curve(figures)
        if figures.arrivals:
            yield _arrivals(figures)


def _routes(name: str, figures: TargetFigures) -> Table:
    rows = [
        (f"{each.method} {each.path}", f"{each.share:.1%}", *_cost(each.cost))
        for each in figures.routes
    ]
    rows.append(("all", "100.0%", *_cost(figures.total)))
    head = ("request", "share", "CPU ms", "wall ms", "p50", "p95", "p99", "bytes", "errors")
    return Table(_TITLES[name], head, tuple(rows), right=frozenset(range(1, len(head))))


def _cost(cost: Cost) -> tuple[str, ...]:
    return (
        _estimate(cost.cpu_ms),
        _estimate(cost.wall_ms),
        *(three_digits(time) for time in (cost.p50_ms, cost.p95_ms, cost.p99_ms)),
        f"{cost.response_bytes:,.0f}",
        f"{cost.errors:,}",
    )


def _process(figures: TargetFigures) -> Table:
    rows = [
        ("start", f"{_estimate(figures.init_ms)} ms"),
        ("memory at rest", f"{_estimate(figures.memory_rest_mib)} MiB"),
        ("memory under load, at most", f"{_estimate(figures.memory_load_mib)} MiB"),
    ]
    if figures.capacity is not None:
        rows.append(("capacity of a vCPU", f"{_estimate(figures.capacity)} requests/s"))
    return Table("The process", (), tuple(rows))


def _curve(figures: TargetFigures) -> Table:
    law = figures.scaling
    rows = tuple(
        (
            str(load.concurrency),
            three_digits(load.requests_per_second),
            three_digits(law.throughput(load.concurrency)) if law else "",
            three_digits(load.in_flight),
            three_digits(load.vcpus),
            three_digits(load.peak_mib),
            *(three_digits(time) for time in (load.p50_ms, load.p95_ms, load.p99_ms)),
        )
        for load in figures.loads
    )
    head = (
        *("at once", "requests/s", "by the law", "rate x latency", "vCPUs", "MiB"),
        *("p50", "p95", "p99"),
    )
    title = "Throughput"
    if law is not None:
        title += (
            f": universal law with lambda {_estimate(law.usl_lambda)},"
            f" sigma {_estimate(law.usl_sigma)}, kappa {_estimate(law.usl_kappa)},"
            f" off by {three_digits(law.usl_error)} requests/s; the linear law is off by"
            f" {three_digits(law.linear_error)}"
        )
    return Table(title, head, rows, right=frozenset(range(len(head))))


def _arrivals(figures: TargetFigures) -> Table:
    rows = tuple(
        (
            f"{each.share:.0%}",
            three_digits(each.requests_per_second),
            *(three_digits(time) for time in (each.p50_ms, each.p95_ms, each.p99_ms)),
            f"{each.errors:,}",
        )
        for each in figures.arrivals
    )
    head = ("of the most", "requests/s", "p50", "p95", "p99", "errors")
    title = "Latency when requests do not wait for each other, ms"
    return Table(title, head, rows, right=frozenset(range(len(head))))


def _estimate(figure: Estimate) -> str:
    """Return a figure with its interval, such as `1.23 +-4%`."""
    return f"{three_digits(figure.value)} ±{reach(figure):.0%}" if figure.value else "0"
