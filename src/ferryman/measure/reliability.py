"""Judges whether figures can be trusted, and lists the reasons for doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean

from ferryman.measure.estimates import is_cpu_bound
from ferryman.measure.request import Scenario
from ferryman.measure.rounds import Round
from ferryman.measure.throughput import find_knee
from ferryman.records.measurement import Estimate, Route, TargetFigures
from ferryman.records.wording import counted, size_text, three_digits

__all__ = (
    "CAPACITY_SPREAD_LIMIT",
    "OTHERS_LIMIT",
    "QUIETEN",
    "SPREAD_LIMIT",
    "doubt_load",
    "doubts_of",
    "notes_of",
    "reach",
    "refusals",
)

OTHERS_LIMIT = 0.15
"""The share of the machine that others may take; above it, they distort times."""

SPREAD_LIMIT = 0.1
"""The widest interval to either side, as a share of the figure."""

CAPACITY_SPREAD_LIMIT = 0.2
"""The same for the capacity, whose interval is wide because it has one repeat a round."""

QUIETEN = (
    "end other programs, plug the laptop in, and measure again; --force writes the figures"
    " with these doubts in the file"
)

_ERRORS = 0.01
"""The share of a route's answers that may be errors."""

_FLIGHT = 0.15
"""How far rate times latency may be from the requests in flight (Little's law)."""

_GENERATOR_BUSY = 0.75
"""The share of a vCPU above which the load generator may limit the throughput."""

_GROWTH_MIB = 4.0
"""The smallest reported growth: a smaller one may come from the allocator."""


def doubt_load(others: float) -> Iterator[str]:
    """Yield why the load of the machine makes figures doubtful.

    Args:
        others: The share of the machine that other programs took, 0 to 1.
    """
    if others > OTHERS_LIMIT:
        yield (
            f"other programs took {others:.0%} of the machine's CPU time; more than"
            f" {OTHERS_LIMIT:.0%} shows in the figures"
        )


def doubts_of(name: str, figures: TargetFigures) -> Iterator[str]:
    """Yield why the figures of a target are doubtful.

    Args:
        name: The target.
        figures: The target's figures.
    """
    yield from _spread(f"{name}: CPU time of a request", figures.total.cpu_ms, "ms")
    if name == "lambda":
        yield from _spread(f"{name}: duration of a request", figures.total.wall_ms, "ms")
    if figures.capacity is not None:
        most = CAPACITY_SPREAD_LIMIT
        yield from _spread(f"{name}: capacity", figures.capacity, "requests/s", most)
    for route in figures.routes:
        yield from _failing(name, route)
    off = [x for x in figures.loads if abs(x.in_flight / x.concurrency - 1) > _FLIGHT]
    if len(off) * 2 > len(figures.loads):
        yield (
            f"{name}: with {counted(off[0].concurrency, 'request')} in flight, rate times latency"
            f" is {off[0].in_flight:.3g}; by Little's law the two should be equal"
        )


def refusals(name: str, rounds: Sequence[Round], scenario: Scenario) -> Iterator[str]:
    """Yield the refused requests, such as those with a mistyped path or an expired login.

    A refusal is quick, so its figures look good, but they are not the request's.

    Args:
        name: The target.
        rounds: The observations.
        scenario: The requests, with the statuses of expected refusals.
    """
    seen = [Counter[int]() for _ in scenario.requests]
    for which, batch in (pair for each in rounds for pair in each.batches):
        seen[which].update(sample.status for sample in batch.samples)
    for request, statuses in zip(scenario.requests, seen, strict=True):
        refused = {x: n for x, n in statuses.items() if 400 <= x < 500 and x != request.status}
        times, sent = sum(refused.values()), statuses.total()
        if times > _ERRORS * sent:
            status = max(refused, key=refused.__getitem__)
            expected = f", not {request.status}" if request.status else ""
            yield (
                f"{name}: {request} was answered with status {status}{expected},"
                f" {counted(times, 'time')} of {sent:,}: the figures are those of a refusal;"
                f" `status = {status}` in a scenario marks it as expected"
            )


def notes_of(name: str, figures: TargetFigures, rounds: Sequence[Round]) -> Iterator[str]:
    """Yield further notes on a target.

    Args:
        name: The target.
        figures: The target's figures.
        rounds: The observations behind the figures.
    """
    if figures.loads and figures.capacity is None:
        yield (
            f"{name}: the throughput still rose at"
            f" {counted(figures.loads[-1].concurrency, 'request')} in flight, so no capacity was"
            " found; the cost model uses the CPU time of one request at a time instead"
        )
    if figures.capacity is not None:
        yield from _limits(name, figures, rounds)
    late = [x for each in rounds for x in each.arrivals if x[1].generator_busy > _GENERATOR_BUSY]
    if late:
        yield (
            f"{name}: at {min(share for share, _ in late):.0%} of the greatest rate the load"
            " generator itself was busy, so some of the latency is its own"
        )
    grown = [growth for each in rounds if (growth := _growth(each.memory)) is not None]
    if len(grown) * 2 > len(rounds):
        mib, requests = fmean(g[0] for g in grown), fmean(g[1] for g in grown)
        yield (
            f"{name}: memory grew by {size_text(mib * 2**20)} in"
            f" {counted(round(requests), 'request')}, {size_text(mib * 2**20 / requests)} each,"
            " and did not level off: the app may leak memory, and a longer run may need more than"
            " the memory under load"
        )


def reach(figure: Estimate) -> float:
    """Return the longer side of the interval, as a share of the figure."""
    if not figure.value:
        return 0.0
    return max(figure.high - figure.value, figure.value - figure.low) / figure.value


def _spread(what: str, figure: Estimate, unit: str, most: float = SPREAD_LIMIT) -> Iterator[str]:
    if reach(figure) > most:
        yield (
            f"{what}: the repeats differ too much: {three_digits(figure.value)} {unit}, but"
            f" anything from {three_digits(figure.low)} to {three_digits(figure.high)}"
        )


def _limits(name: str, figures: TargetFigures, rounds: Sequence[Round]) -> Iterator[str]:
    """Yield what limited the throughput, if it was not the app's own CPU time."""
    knee, rate = find_knee([(float(x.concurrency), x.requests_per_second) for x in figures.loads])
    batches = [x.batch for each in rounds for x in each.curve if x.concurrency >= knee]
    if is_cpu_bound(batches):
        return
    above = f"{name}: the throughput did not rise above {three_digits(rate)} requests a second:"
    if fmean(batch.generator_busy for batch in batches) > _GENERATOR_BUSY:
        yield f"{above} the load generator was the limit, not the app, which can serve more"
        return
    busy = fmean(batch.vcpus for batch in batches)
    yield (
        f"{above} only {busy:.0%} of a vCPU was busy, so a pool, a lock or another service is the"
        " limit, not the CPU"
    )


def _failing(name: str, route: Route) -> Iterator[str]:
    if route.cost.errors > _ERRORS * route.cost.requests:
        yield (
            f"{name}: {route.method} {route.path} failed"
            f" {counted(route.cost.errors, 'time')} of {route.cost.requests:,}: the figures"
            " are those of its failure"
        )


def _growth(memory: Sequence[tuple[int, float]]) -> tuple[float, int] | None:
    """Return growth in MiB and its number of requests, if memory has not levelled off."""
    if len(memory) < 4:
        return None
    middle = len(memory) // 2
    first, half, last = memory[0], memory[middle], memory[-1]
    grown, late = last[1] - first[1], last[1] - half[1]
    share = (last[0] - half[0]) / (last[0] - first[0])
    if grown < _GROWTH_MIB or late < 0.5 * share * grown:
        return None
    return grown, last[0] - first[0]
