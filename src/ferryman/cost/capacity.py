"""Queueing: how long requests wait for a CPU, and how much load a server can take.

Each process of a server accepts its own connections, so each has its own queue: an idle process
does not help a request that waits for a busy one. Erlang's C formula gives the chance to wait;
Allen and Cunneen's factor corrects it for service times and arrivals that are not exponential.
Functions take floats or numpy arrays of floats. This module knows no platform and no price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.quantity import Quantity, chosen_of, exponential, is_array, logarithm

__all__ = (
    "Objective",
    "erlang_b",
    "erlang_c",
    "full_load",
    "late_share",
    "uneven_late_share",
)

STEPS = 8
"""Steps of Newton's method, more than a float's precision needs."""


@dataclass(frozen=True, slots=True)
class Objective:
    """How long requests may wait for a CPU.

    Args:
        wait_ms: The longest acceptable wait, milliseconds.
        share: The share of requests that must not wait longer.
    """

    wait_ms: Decimal
    share: Decimal = Decimal("0.95")

    def __post_init__(self) -> None:
        if not (self.wait_ms.is_finite() and self.wait_ms >= 0):
            raise ConfigError(f"wait_ms: {self.wait_ms} is not a time", hint="give milliseconds")
        if not (self.share.is_finite() and 0 < self.share < 1):
            raise ConfigError(
                f"share: {self.share} is out of range", hint="give a share between 0 and 1"
            )


def erlang_b(offered: Quantity, processes: int) -> Quantity:
    """Return the chance that a request finds every process busy and is rejected (M/M/c/c).

    Source: A. K. Erlang, 1917; the recursion B(k) = aB(k-1) / (k + aB(k-1)) is stable.

    Args:
        offered: Arrival rate times mean service time, in erlangs.
        processes: The number of processes.
    """
    blocked = 1.0 + 0.0 * offered
    for count in range(1, processes + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(offered: Quantity, processes: int) -> Quantity:
    """Return the chance that a request must wait in one unlimited queue (M/M/c).

    Args:
        offered: Arrival rate times mean service time, in erlangs; below ``processes``.
        processes: The number of processes.
    """
    blocked = erlang_b(offered, processes)
    return blocked / (1 - offered / processes * (1 - blocked))


def late_share(
    offered: Quantity,
    processes: int,
    service: Quantity,
    wait: Quantity,
    variation: Quantity = 1.0,
) -> Quantity:
    """Return the share of requests that wait longer than ``wait`` seconds.

    The waits of those that must wait are assumed to be exponential. That is exact for M/M/c, and
    for other queues near saturation. Their mean is Erlang's times ``variation``: A. O. Allen,
    Probability, Statistics, and Queueing Theory, 1990.

    Args:
        offered: As in `erlang_c`.
        processes: As in `erlang_c`.
        service: Mean service time, seconds.
        wait: The limit, seconds.
        variation: (Ca2 + Cs2) / 2, from the squared coefficients of variation of the
            times between arrivals and of the service times.
    """
    pace = (processes - offered) / (service * variation)
    return erlang_c(offered, processes) * exponential(-pace * wait)


def uneven_late_share(
    offered: Quantity,
    processes: int,
    imbalance: float,
    service: Quantity,
    wait: Quantity,
    variation: Quantity = 1.0,
) -> Quantity:
    """Return the share of requests that wait longer, if each process has its own queue.

    Args:
        offered: The load of all processes together, in erlangs.
        processes: The number of processes.
        imbalance: The load of the busiest process over the mean of all; the others share the
            rest evenly. It is 1 if connections are spread evenly, and equals the number of
            processes if one process has all connections.
        service: As in `late_share`.
        wait: As in `late_share`.
        variation: As in `late_share`.
    """
    if processes == 1:
        return late_share(offered, 1, service, wait, variation)
    mean = offered / processes
    busiest = late_share(mean * imbalance, 1, service, wait, variation)
    rest = (processes - imbalance) / (processes - 1)
    others = late_share(mean * rest, 1, service, wait, variation)
    return (imbalance * busiest + (processes - imbalance) * others) / processes


def full_load(
    processes: int,
    service: Quantity,
    objective: Objective,
    variation: Quantity = 1.0,
    most: float = math.inf,
    imbalance: float = 1.0,
) -> Quantity:
    """Return the largest load of all processes, in erlangs, that meets the objective.

    Args:
        processes: The number of processes, each with its own queue.
        service: Mean service time, seconds; greater than zero.
        objective: The objective.
        variation: As in `late_share`.
        most: An upper limit of the load, whatever the objective allows.
        imbalance: As in `uneven_late_share`; without effect for one process.
    """
    uneven = min(imbalance, float(processes))
    queue = (processes, uneven)
    wait, late = float(objective.wait_ms) / 1000, 1 - float(objective.share)
    # If a process is never idle, no objective is met.
    high = min(most, processes / uneven) + 0.0 * (service + variation)
    missed = uneven_late_share(high, *queue, service, wait, variation) > late
    if not (is_array(missed) and missed.shape):
        return _reduced(high, queue, wait / (service * variation), late) if missed else high
    if missed.any():
        service, variation = chosen_of(service, missed), chosen_of(variation, missed)
        high[missed] = _reduced(high[missed], queue, wait / (service * variation), late)
    return high


def _reduced(load: Quantity, queue: tuple[int, float], pace: Quantity, late: float) -> Quantity:
    """Return the load that just meets the objective, starting from a load that is too high.

    Newton's method on the logarithm of the late share over the logarithm of the load. That curve is
    convex, so no step overshoots.

    Args:
        load: A load that misses the objective.
        queue: The number of processes, and the load of the busiest over the mean.
        pace: The change of the logarithm of a late share for a load of one.
        late: The share of requests that may be late.
    """
    processes, uneven = queue
    rest = (processes - uneven) / (processes - 1) if processes > 1 else 0.0
    goal = math.log(late)
    for _ in range(STEPS):
        busiest, other = uneven * load / processes, rest * load / processes
        share = uneven / processes * busiest * exponential((busiest - 1) * pace)
        others = (1 - uneven / processes) * other * exponential((other - 1) * pace)
        both = share + others
        slope = 1 + pace * (share * busiest + others * other) / both
        load = load * exponential((goal - logarithm(both)) / slope)
    # The float may end slightly above the exact load.
    return load * (1 - 1e-12)
