"""Queueing: how long requests wait for a CPU, and how much load a server may carry.

The processes of a server accept connections by themselves, so each has a queue of its own: a
request that waits behind another is not helped by a process that idles. Erlang's C formula gives
the chance to wait, Allen and Cunneen's factor is for service times and arrivals that are not
exponential. It knows no platform and no price. Functions take floats or numpy arrays of them.
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
    "mean_wait",
    "uneven_late_share",
)

STEPS = 8
"""Of Newton's method: more than it takes to the last digits of a float."""


@dataclass(frozen=True, slots=True)
class Objective:
    """How long requests may wait for a CPU.

    Args:
        wait_ms: The longest wait that counts as good, milliseconds.
        share: The share of the requests that must have a good one.
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
    """Return the chance that a request finds every process busy and is turned away.

    Source: A. K. Erlang, 1917; the recursion B(k) = aB(k-1) / (k + aB(k-1)) is stable.

    Args:
        offered: Arrival rate times mean service time, in erlangs.
        processes: How many can serve.
    """
    blocked = 1.0 + 0.0 * offered
    for count in range(1, processes + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(offered: Quantity, processes: int) -> Quantity:
    """Return the chance that a request must wait, in a queue with room for all (M/M/c).

    Args:
        offered: Arrival rate times mean service time, in erlangs; below ``processes``.
        processes: How many can serve.
    """
    blocked = erlang_b(offered, processes)
    return blocked / (1 - offered / processes * (1 - blocked))


def mean_wait(
    offered: Quantity, processes: int, service: Quantity, variation: Quantity = 1.0
) -> Quantity:
    """Return the mean wait of all requests, those that do not wait included, in seconds.

    Source: A. O. Allen, Probability, Statistics, and Queueing Theory, 1990: Erlang's mean
    wait times (Ca2 + Cs2) / 2. Exact for M/M/c, and for one process with Poisson arrivals.

    Args:
        offered: As in `erlang_c`.
        processes: As in `erlang_c`.
        service: Mean service time, seconds.
        variation: (Ca2 + Cs2) / 2, from the squared coefficients of variation of the
            times between arrivals and of the service times.
    """
    return erlang_c(offered, processes) * service * variation / (processes - offered)


def late_share(
    offered: Quantity,
    processes: int,
    service: Quantity,
    wait: Quantity,
    variation: Quantity = 1.0,
) -> Quantity:
    """Return the share of requests that wait longer than ``wait`` seconds.

    Those that wait at all are taken to wait an exponential time, which holds for M/M/c and
    near saturation for any other.

    Args:
        offered: As in `erlang_c`.
        processes: As in `erlang_c`.
        service: Mean service time, seconds.
        wait: The wait in question, seconds.
        variation: As in `mean_wait`.
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
    """Return the share of requests that wait longer, where each process has its own queue.

    Args:
        offered: The load of all processes together, in erlangs.
        processes: How many there are.
        imbalance: The load of the busiest process over the mean of all; the others share the
            rest evenly. 1 where connections are spread evenly, as the number of processes
            where one has them all.
        service: As in `mean_wait`.
        wait: As in `late_share`.
        variation: As in `mean_wait`.
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
    """Return the largest load of all processes, in erlangs, at which the objective is met.

    Args:
        processes: How many there are, each with a queue of its own.
        service: Mean service time, seconds; greater than zero.
        objective: What must be met.
        variation: As in `mean_wait`.
        most: A load that is not exceeded whatever the objective allows.
        imbalance: As in `uneven_late_share`; one process does not share.
    """
    uneven = min(imbalance, float(processes))
    queue = (processes, uneven)
    wait, late = float(objective.wait_ms) / 1000, 1 - float(objective.share)
    # A load at which a process has no idle time left is beyond any objective.
    high = min(most, processes / uneven) + 0.0 * (service + variation)
    missed = uneven_late_share(high, *queue, service, wait, variation) > late
    if not (is_array(missed) and missed.shape):
        return _fallen(high, queue, wait / (service * variation), late) if missed else high
    if missed.any():
        service, variation = chosen_of(service, missed), chosen_of(variation, missed)
        high[missed] = _fallen(high[missed], queue, wait / (service * variation), late)
    return high


def _fallen(load: Quantity, queue: tuple[int, float], pace: Quantity, late: float) -> Quantity:
    """Return the load at which the objective is met, from one that is too high.

    Newton's method on the logarithm of the late share over the logarithm of the load: that is a
    convex curve, so that no step goes too far.

    Args:
        load: A load at which it is missed.
        queue: Processes, and the load of the busiest over the mean.
        pace: By how much a load of one changes the logarithm of a late share.
        late: The share that may be late.
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
    # A float may end on either side of it.
    return load * (1 - 1e-12)
