"""A process of a server, event by event: what it sends on in a week that is played faster.

Shares nothing with the model but the meaning of its inputs.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Played:
    """A week's outcome: requests that came, were sent on, and waited too long."""

    came: int
    sent_on: int
    late: int

    @property
    def share(self) -> float:
        return self.sent_on / self.came


def play(
    rates: Sequence[tuple[float, float]],
    *,
    busy: float,
    waiting: float,
    at_once: int,
    patience: float,
    seed: int,
) -> Played:
    """Play requests that come at these rates, each for as long as the next one.

    Args:
        rates: Requests a second in each part, with how long it lasts, seconds.
        busy: Mean seconds of CPU, exponential, one request after the other.
        waiting: Mean seconds of waiting afterwards, exponential, all at once.
        at_once: Requests that there may be before one more is sent on.
        patience: The longest wait for the CPU that counts as good, seconds.
        seed: What it is drawn from.
    """
    draw = random.Random(seed)
    leaving: list[float] = []
    free = 0.0
    came = sent = late = 0
    for now in _arrivals(rates, draw):
        came += 1
        while leaving and leaving[0] <= now:
            heapq.heappop(leaving)
        if len(leaving) >= at_once:
            sent += 1
            continue
        begin = max(now, free)
        late += begin - now > patience
        free = begin + (draw.expovariate(1 / busy) if busy else 0.0)
        heapq.heappush(leaving, free + (draw.expovariate(1 / waiting) if waiting else 0.0))
    return Played(came, sent, late)


def _arrivals(parts: Sequence[tuple[float, float]], draw: random.Random) -> Iterator[float]:
    start = 0.0
    for rate, length in parts:
        now = start
        while rate:
            now += draw.expovariate(rate)
            if now >= start + length:
                break
            yield now
        start += length


def minutes(weights: Sequence[float], burst: float, seed: int) -> list[float]:
    """Return the rate of each minute of a week over its mean; one in a hundred is a burst."""
    draw = random.Random(seed)
    reach = 2.3263478740408408
    spread = reach - math.sqrt(max(0.0, reach**2 - 2 * math.log(burst)))
    found = []
    for weight in weights:
        factors = [math.exp(spread * draw.gauss(0, 1) - spread**2 / 2) for _ in range(60)]
        found += [weight * factor for factor in factors]
    return found
