"""Combines repeated figures into one with its interval, and percentiles. Knows no unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from ferryman.records.measurement import Estimate

__all__ = ("estimate", "percentile")

_TRIM = 0.2
"""The share of the figures that is cut off at either end."""

# The quantile of 97.5 % of Student's t for 1, 2, ... 30 degrees of freedom.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL = 1.960


def estimate(values: Sequence[float]) -> Estimate:
    """Return the trimmed mean of repeats, with its confidence interval of 95 %.

    A repeat that another program disturbed is far off; the fifth of the repeats at either
    end is left out. The interval is by Student's t on the winsorized deviation.

    Source: J. W. Tukey and D. H. McLaughlin, "Less vulnerable confidence and significance
    procedures for location based on a single sample", Sankhya A 25 (1963).

    Args:
        values: One or more figures, none of them negative.
    """
    ordered = sorted(values)
    cut = int(len(ordered) * _TRIM)
    kept = ordered[cut : len(ordered) - cut]
    value = fmean(kept)
    if len(kept) < 2:
        return Estimate(value, min(ordered), max(ordered))
    winsorized = [kept[0]] * cut + kept + [kept[-1]] * cut
    share = len(kept) / len(ordered)
    spread = _quantile(len(kept) - 1) * stdev(winsorized) / (share * math.sqrt(len(ordered)))
    return Estimate(value, max(0.0, value - spread), value + spread)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the figure that a share of others does not exceed: the nearest rank.

    Args:
        ordered: One or more figures in rising order.
        share: Above 0, up to 1.
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _quantile(freedom: int) -> float:
    return _T[freedom - 1] if freedom <= len(_T) else _NORMAL
