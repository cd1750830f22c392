"""Turns the observations of rounds into figures with intervals. Arithmetic only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from ferryman.measure.request import Request, Scenario
from ferryman.measure.rounds import Point, Round
from ferryman.measure.runner import Batch, Sample
from ferryman.measure.statistics import estimate, percentile
from ferryman.measure.throughput import find_knee, fit, is_past_knee
from ferryman.records.measurement import (
    Arrivals,
    Cost,
    Estimate,
    Load,
    Route,
    Scaling,
    TargetFigures,
)

__all__ = ("cpu_of_scenario", "is_cpu_bound", "summarize")

_SERVER_ERROR = 500

_FULL = 0.75
"""The busy share of a vCPU above which the CPU limits one event loop."""


def summarize(rounds: Sequence[Round], scenario: Scenario) -> TargetFigures:
    """Return the figures of one target.

    Args:
        rounds: One or more rounds of observations.
        scenario: The requests.
    """
    batches = _by_request(rounds)
    routes = tuple(
        _route(scenario, which, batches[which]) for which in range(len(scenario.requests))
    )
    curves = [_points(each) for each in rounds if each.curve]
    last = min((each.curve[-1].concurrency for each in rounds if each.curve), default=0)
    return TargetFigures(
        total=_total(rounds, scenario, routes),
        routes=routes,
        init_ms=estimate([each.init_ms for each in rounds]),
        memory_rest_mib=estimate([each.rest_mib for each in rounds]),
        memory_load_mib=estimate([_peak_mib(each, last) for each in rounds]),
        loads=tuple(_loads(rounds)),
        arrivals=tuple(_arrivals(rounds, scenario)),
        capacity=_capacity(rounds, curves, last),
        scaling=_scaling(curves),
    )


def cpu_of_scenario(rounds: Sequence[Round], shares: Sequence[float]) -> Estimate:
    """Return the CPU time of a mean request of the scenario, milliseconds."""
    return estimate(_weighted(_by_request(rounds), shares, _cpu_ms))


def _by_request(rounds: Iterable[Round]) -> dict[int, list[Batch]]:
    found: dict[int, list[Batch]] = defaultdict(list)
    for each in rounds:
        for which, batch in each.batches:
            found[which].append(batch)
    return found


def _total(rounds: Sequence[Round], scenario: Scenario, routes: Sequence[Route]) -> Cost:
    shares, batches = scenario.shares, _by_request(rounds)
    times = _mixed_times(rounds, shares)
    return Cost(
        requests=sum(route.cost.requests for route in routes),
        errors=sum(route.cost.errors for route in routes),
        cpu_ms=estimate(_weighted(batches, shares, _cpu_ms)),
        wall_ms=estimate(_weighted(batches, shares, _wall_ms)),
        request_bytes=_mean(shares, [route.cost.request_bytes for route in routes]),
        response_bytes=_mean(shares, [route.cost.response_bytes for route in routes]),
        p50_ms=_weighted_percentile(times, 0.50),
        p95_ms=_weighted_percentile(times, 0.95),
        p99_ms=_weighted_percentile(times, 0.99),
    )


def _route(scenario: Scenario, which: int, batches: Sequence[Batch]) -> Route:
    request = scenario.requests[which]
    return Route(request.method, request.target, scenario.shares[which], _cost(request, batches))


def _cost(request: Request, batches: Sequence[Batch]) -> Cost:
    samples = [sample for batch in batches for sample in batch.samples]
    times = sorted(sample.milliseconds for sample in samples) or [0.0]
    failures = sum(len(batch.failures) for batch in batches)
    return Cost(
        requests=len(samples) + failures,
        errors=failures + sum(_is_error(each, request.status) for each in samples),
        cpu_ms=estimate([_cpu_ms(batch) for batch in batches]),
        wall_ms=estimate([_wall_ms(batch) for batch in batches]),
        request_bytes=float(len(request.body)),
        response_bytes=fmean([sample.size for sample in samples] or [0]),
        **_percentiles(times),
    )


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    return {f"p{share}_ms": percentile(times, share / 100) for share in (50, 95, 99)}


def _is_error(sample: Sample, expected: int | None) -> bool:
    return sample.status >= _SERVER_ERROR and sample.status != expected


def _cpu_ms(batch: Batch) -> float:
    return batch.cpu_seconds * 1000 / batch.requests


def _wall_ms(batch: Batch) -> float:
    return fmean([sample.milliseconds for sample in batch.samples] or [0.0])


def _weighted(
    batches: dict[int, list[Batch]], shares: Sequence[float], figure: Callable[[Batch], float]
) -> list[float]:
    """Return the figure of a mean request, once for each repeat of the batches."""
    repeats = zip(*(batches[which] for which in range(len(shares))), strict=True)
    return [_mean(shares, [figure(batch) for batch in repeat]) for repeat in repeats]


def _mean(shares: Sequence[float], values: Sequence[float]) -> float:
    return sum(share * value for share, value in zip(shares, values, strict=True))


def _mixed_times(rounds: Sequence[Round], shares: Sequence[float]) -> list[tuple[float, float]]:
    """Return the latencies by rising length, each with the weight that its request gives it."""
    found = []
    for which, batches in _by_request(rounds).items():
        times = [sample.milliseconds for batch in batches for sample in batch.samples]
        found += [(each, shares[which] / len(times)) for each in times]
    return sorted(found) or [(0.0, 1.0)]


def _weighted_percentile(times: Sequence[tuple[float, float]], share: float) -> float:
    wanted = share * sum(weight for _, weight in times)
    for value, weight in times:
        wanted -= weight
        if wanted <= 0:
            return value
    return times[-1][0]


def _peak_mib(found: Round, last: int) -> float:
    """Return the most memory of a round, up to the concurrency that all rounds went to."""
    return next((x.peak_mib for x in found.curve if x.concurrency == last), found.peak_mib)


def _points(found: Round) -> list[tuple[float, float]]:
    return [(float(n), batch.rate) for n, batch, _ in found.curve if batch.rate]


def _loads(rounds: Sequence[Round]) -> Iterable[Load]:
    found: dict[int, list[Point]] = defaultdict(list)
    for each in rounds:
        for point in each.curve:
            found[point.concurrency].append(point)
    for concurrency, points in sorted(found.items()):
        times = sorted(x.milliseconds for point in points for x in point.batch.samples)
        if times:
            yield _load(concurrency, points, times)


def _load(concurrency: int, points: Sequence[Point], times: Sequence[float]) -> Load:
    rate = estimate([point.batch.rate for point in points]).value
    return Load(
        concurrency=concurrency,
        requests_per_second=rate,
        in_flight=rate * fmean(times) / 1000,
        vcpus=estimate([point.batch.vcpus for point in points]).value,
        peak_mib=estimate([point.peak_mib for point in points]).value,
        **_percentiles(times),
    )


def _arrivals(rounds: Sequence[Round], scenario: Scenario) -> Iterable[Arrivals]:
    found: dict[float, list[Batch]] = defaultdict(list)
    for each in rounds:
        for share, batch in each.arrivals:
            found[share].append(batch)
    for share, batches in sorted(found.items()):
        samples = [sample for batch in batches for sample in batch.samples]
        times = sorted(sample.milliseconds for sample in samples)
        if times:
            yield Arrivals(
                share=share,
                requests_per_second=estimate([batch.rate for batch in batches]).value,
                errors=sum(len(batch.failures) for batch in batches)
                + sum(_is_error(x, scenario.requests[x.which].status) for x in samples),
                **_percentiles(times),
            )


def _capacity(
    rounds: Sequence[Round], curves: Sequence[Sequence[tuple[float, float]]], last: int
) -> Estimate | None:
    """Return the requests a second of one vCPU at the knee; None if there was no knee.

    Where the CPU was the limit they are those of a vCPU that the app has for itself: what
    other programs and the load generator took of it is put back. A CPU that is full is the
    knee, even if others were pushed aside by more at once. The knee is no later than `last`,
    the concurrency that all rounds went to.
    """
    if not curves:
        return None
    loads = [load for load in _loads(rounds) if load.concurrency <= last]
    knee, _ = find_knee([(float(load.concurrency), load.requests_per_second) for load in loads])
    if is_cpu_bound(x.batch for each in rounds for x in each.curve if x.concurrency >= knee):
        return estimate([_rate_of_full_vcpu(each, knee) for each in rounds])
    if not is_past_knee(curves[0]):
        return None
    there = [x.batch for each in rounds for x in each.curve if x.concurrency == knee]
    return estimate([batch.rate for batch in there])


def _rate_of_full_vcpu(found: Round, knee: float) -> float:
    full = [point.batch for point in found.curve if point.concurrency >= knee]
    return sum(batch.requests for batch in full) / sum(batch.cpu_seconds for batch in full)


def is_cpu_bound(batches: Iterable[Batch]) -> bool:
    """Return whether a vCPU was full, or would have been without other programs."""
    return fmean(batch.wanted_vcpus for batch in batches) >= _FULL


def _scaling(curves: Sequence[Sequence[tuple[float, float]]]) -> Scaling | None:
    enough = [points for points in curves if len(points) > 1]
    return fit(enough) if enough else None
