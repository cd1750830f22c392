"""The throughput curve: where its knee is, and the two laws that are fitted to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations

from ferryman.measure.statistics import estimate
from ferryman.records.measurement import Scaling

__all__ = ("Law", "Points", "find_knee", "fit", "fit_linear", "fit_usl", "is_past_knee")

Law = tuple[float, float, float]
"""Lambda, sigma and kappa of the universal scalability law."""

Points = Sequence[tuple[float, float]]
"""Concurrencies, each with its requests a second."""

_KNEE = 0.95
"""The share of the greatest throughput that defines the knee."""

_GAIN = 1.05
"""The least gain from doubling the concurrency; below it the curve ends."""


def find_knee(points: Points) -> tuple[float, float]:
    """Return the point of least concurrency that has almost the greatest throughput."""
    most = max(rate for _, rate in points)
    return next(point for point in points if point[1] >= _KNEE * most)


def is_past_knee(points: Points) -> bool:
    """Return whether the last two doublings of the concurrency have brought next to nothing."""
    if len(points) < 3:
        return False
    before = max(rate for _, rate in points[:-2])
    return all(rate < _GAIN * before for _, rate in points[-2:])


def fit(curves: Sequence[Points]) -> Scaling:
    """Return the two laws of repeated curves, with the ranges of their parameters.

    Args:
        curves: Each the concurrencies and requests a second of one repeat.
    """
    laws = [fit_usl(points) for points in curves]
    rates = [fit_linear(points) for points in curves]
    rate, first, sigma, kappa = (estimate(each) for each in (rates, *zip(*laws, strict=True)))
    every = [point for points in curves for point in points]
    law = first.value, sigma.value, kappa.value
    return Scaling(
        linear_rate=rate,
        linear_error=_root_mean_square([x - rate.value * n for n, x in every]),
        usl_lambda=first,
        usl_sigma=sigma,
        usl_kappa=kappa,
        usl_error=_error(every, law),
    )


def fit_linear(points: Points) -> float:
    """Return the rate of the linear law that fits a curve best, by least squares."""
    return sum(n * x for n, x in points) / sum(n * n for n, _ in points)


def fit_usl(points: Points) -> Law:
    """Return lambda, sigma and kappa of the universal law that fits a curve best.

    By the universal law N / X(N) = (1 + sigma (N - 1) + kappa N (N - 1)) / lambda. This is linear
    in 1/lambda, sigma/lambda and kappa/lambda, so least squares find them. The weights of the
    points make the error that of X, not of N / X. If sigma or kappa would be negative, it is 0.

    Source: N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, section 5.5; the
    weights are ours.

    Args:
        points: Two or more concurrencies, each with its requests a second, above 0.
    """
    laws = [law for terms in _CHOICES if (law := _solve(points, terms)) is not None]
    return min(laws, key=lambda law: _error(points, law))


_TERMS: tuple[Callable[[float], float], ...] = (
    lambda _: 1.0,
    lambda n: n - 1,
    lambda n: n * (n - 1),
)
_CHOICES = [(0, *others) for size in (2, 1, 0) for others in combinations((1, 2), size)]


def _solve(points: Points, terms: Sequence[int]) -> Law | None:
    """Return lambda, sigma and kappa with only these terms; None if one would be negative."""
    size = len(terms)
    rows = [[0.0] * (size + 1) for _ in range(size)]
    for n, x in points:
        values = [_TERMS[term](n) for term in terms]
        weight = (x * x / n) ** 2
        for i in range(size):
            for j in range(size):
                rows[i][j] += weight * values[i] * values[j]
            rows[i][size] += weight * values[i] * n / x
    found = dict(zip(terms, _eliminate(rows) or (), strict=False))
    first, sigma, kappa = (found.get(term, 0.0) for term in range(3))
    if first <= 0 or sigma < 0 or kappa < 0:
        return None
    return 1 / first, sigma / first, kappa / first


def _eliminate(rows: list[list[float]]) -> list[float] | None:
    """Return the solution of a symmetric system by Gauss and Jordan; None if it has none."""
    for column in range(len(rows)):
        pivot = rows[column][column]
        if abs(pivot) < 1e-12 * max(1.0, abs(rows[0][0])):
            return None
        rows[column] = [value / pivot for value in rows[column]]
        for other in range(len(rows)):
            if other != column:
                factor = rows[other][column]
                pairs = zip(rows[other], rows[column], strict=True)
                rows[other] = [value - factor * own for value, own in pairs]
    return [row[-1] for row in rows]


def _error(points: Points, law: Law) -> float:
    rate, sigma, kappa = law
    return _root_mean_square(
        [x - rate * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)) for n, x in points]
    )


def _root_mean_square(values: Sequence[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))
