"""The distribution of the rates of a month's minutes, over its mean rate."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

from ferryman.cost.traffic.shape import HOURS, preset
from ferryman.cost.workload import Inputs

__all__ = ("Rates", "minute_rates", "month_rates")

Rates = tuple[tuple[float, float], ...]
"""Rates over the mean, each with its share of the time."""

MINUTES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.998, 1.0)
"""Bounds of groups of an hour's minutes, as shares of the minutes from calm to busy."""


def month_rates(inputs: Inputs) -> Rates:
    """Return the rates of a month's minutes.

    If only the busy hour is known, the week is that of the preset ``consumer``, with swings
    stretched or compressed until its busiest hour matches.
    """
    if inputs.shape is not None:
        hours = tuple((float(rate), count / HOURS) for rate, count in inputs.shape.levels)
    else:
        hours = _usual_week(float(inputs.peak_to_mean))
    minutes = minute_rates(float(inputs.burst))
    return tuple((x * factor, y * share) for x, y in hours for factor, share in minutes)


def minute_rates(burst: float) -> Rates:
    """Return the rates of an hour's minutes over its mean.

    Args:
        burst: The rate that one minute in a hundred exceeds, over the mean; 1 if all minutes are
            the same. The model assumes that the rates of minutes are lognormal.
    """
    if burst <= 1:
        return ((1.0, 1.0),)
    from statistics import NormalDist

    normal = NormalDist()
    reach = normal.inv_cdf(0.99)
    spread = reach - math.sqrt(max(0.0, reach**2 - 2 * math.log(burst)))
    places = [-math.inf, *(normal.inv_cdf(share) for share in MINUTES[1:-1]), math.inf]
    below = [normal.cdf(place - spread) for place in places]
    parts = zip(pairwise(below), pairwise(MINUTES), strict=True)
    return tuple(((y - x) / (last - first), last - first) for (x, y), (first, last) in parts)


@lru_cache(maxsize=16)
def _usual_week(peak: float) -> Rates:
    levels = [(float(rate), count / HOURS) for rate, count in preset("consumer").levels]
    busiest = max(rate for rate, _ in levels)

    def mean(power: float) -> float:
        return math.fsum(rate**power * share for rate, share in levels)

    low, high = 0.0, 40.0
    for _ in range(40):
        middle = (low + high) / 2
        if busiest**middle < peak * mean(middle):
            low = middle
        else:
            high = middle
    scale = mean(low)
    return tuple((rate**low / scale, share) for rate, share in levels)
