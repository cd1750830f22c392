"""Send times of requests that do not wait for each other: recorded, or random.

It is arithmetic only: it sends nothing, and reads no clock.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import count, pairwise

__all__ = ("gaps_of", "offsets")


def gaps_of(times: Sequence[float]) -> tuple[float, ...]:
    """Return the times between arrivals, as multiples of their mean.

    Logs have whole seconds, so the requests of one second are spread over it evenly.

    Args:
        times: Arrival times, in seconds, in any order.
    """
    spread: list[float] = []
    for second, requests in sorted(Counter(times).items()):
        step = 1 / requests if second == int(second) else 0
        spread += [second + step * (place + 0.5) for place in range(requests)]
    spread.sort()
    mean = (spread[-1] - spread[0]) / (len(spread) - 1) if len(spread) > 1 else 0
    return tuple((later - sooner) / mean for sooner, later in pairwise(spread)) if mean else ()


def offsets(gaps: Sequence[float], rate: float, seconds: float) -> list[float]:
    """Return the send times of requests, in seconds from the start.

    Args:
        gaps: The times between them, as `gaps_of` returns them, repeated as needed; if empty, they
            are exponential with a fixed seed: a reproducible Poisson process.
        rate: Requests a second, on the mean.
        seconds: How long.
    """
    draw = random.Random(1)  # noqa: S311 - no secret depends on it
    found: list[float] = []
    at = 0.0
    for number in count():
        gap = gaps[number % len(gaps)] if gaps else draw.expovariate(1.0)
        at += gap / rate
        if at >= seconds:
            return found
        found.append(at)
    raise AssertionError
