"""Queueing: how long requests wait for a CPU, and how much load a server may carry.

Erlang's C formula for the chance to wait, Allen and Cunneen's factor for service times and
arrivals that are not exponential. It knows no platform and no price. Every function takes
floats or numpy arrays of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.quantity import Quantity, chosen_of, exponential, is_array

__all__ = (
    "MAX_PROCESSES",
    "Objective",
    "erlang_b",
    "erlang_c",
    "full_load",
    "late_share",
    "mean_wait",
    "processes_needed",
)

MAX_PROCESSES = 100_000

BISECTIONS = 24
"""Enough for the grid of 2**-20 to which loads are rounded."""


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


def full_load(
    processes: int,
    service: Quantity,
    objective: Objective,
    variation: Quantity = 1.0,
    most: float = math.inf,
) -> Quantity:
    """Return the largest load, in erlangs, at which the objective is met.

    Args:
        processes: How many share one queue.
        service: Mean service time, seconds; greater than zero.
        objective: What must be met.
        variation: As in `mean_wait`.
        most: A load that is not exceeded whatever the objective allows.
    """
    wait, late = float(objective.wait_ms) / 1000, 1 - float(objective.share)
    if most >= processes:
        return _bisected(processes, service, (wait, late), variation, float(processes))
    high = most + 0.0 * (service + variation)
    missed = late_share(high, processes, service, wait, variation) > late
    if not is_array(missed):
        return _bisected(processes, service, (wait, late), variation, most) if missed else high
    if missed.any():
        chosen = (chosen_of(service, missed), chosen_of(variation, missed))
        high[missed] = _bisected(processes, chosen[0], (wait, late), chosen[1], most)
    return high


def _bisected(
    processes: int,
    service: Quantity,
    objective: tuple[float, float],
    variation: Quantity,
    most: float,
) -> Quantity:
    wait, late = objective
    low = 0.0 * (service + variation)
    high = low + most
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        good = late_share(middle, processes, service, wait, variation) <= late
        # The choice is arithmetic, so that it holds for one number and for an array.
        low, high = low + (middle - low) * good, middle + (high - middle) * good
    return low


def processes_needed(
    offered: float, service: float, objective: Objective, variation: float = 1.0
) -> int:
    """Return the fewest processes behind one queue that meet the objective.

    Args:
        offered: As in `erlang_c`.
        service: Mean service time, seconds.
        objective: What must be met.
        variation: As in `mean_wait`.

    Raises:
        ConfigError: There would be more than `MAX_PROCESSES`.
    """
    wait, late = float(objective.wait_ms) / 1000, 1 - float(objective.share)
    blocked, count = 1.0, 0
    while count < MAX_PROCESSES:
        count += 1
        blocked = offered * blocked / (count + offered * blocked)
        if count <= offered:
            continue
        waits = blocked / (1 - offered / count * (1 - blocked))
        if waits * math.exp(-(count - offered) * wait / (service * variation)) <= late:
            return count
    raise ConfigError(
        f"a load of {offered:,.0f} CPUs needs more than {MAX_PROCESSES:,} processes",
        hint="check the number of requests and cpu_ms",
    )
