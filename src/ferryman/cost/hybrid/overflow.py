"""How much of the traffic finds a server full and goes to a function instead.

Each process of a server handles a limited number of requests at once, and sends further requests
on. The model of a process is a queue for its CPU and an unlimited place for requests that wait for
other services; a request above the limit is lost to the process. For Poisson arrivals such a
network has a product form, which gives the lost share exactly. This module must not know platforms
or prices.

Source: F. Baskett, K. M. Chandy, R. R. Muntz, F. G. Palacios, Open, Closed, and Mixed Networks of
Queues with Different Classes of Customers, Journal of the ACM, 1975.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from ferryman.cost.capacity import Objective

__all__ = (
    "MOST_IN_FLIGHT",
    "OverflowTable",
    "Process",
    "late_share",
    "lost_share",
    "most_at_once",
)

MOST_IN_FLIGHT = 500
"""The highest limit of requests at once for a process, even if its memory holds more."""

STEP = 0.05
"""The step of the tables, in the logarithm of the rate."""

LOWEST, HIGHEST = -4.0, 4.0
"""The ends of the tables, as logarithms of the rate over the highest rate that a process answers:
below the first a process sends hardly any request on, above the second nearly all."""

PLACES = round((HIGHEST - LOWEST) / STEP) + 1

_TINY = 1e-200


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a server.

    Args:
        busy: Seconds of a request on its CPU.
        waiting: Seconds that a request waits for databases and other services.
        at_once: The most requests at once; the process sends further ones on.
    """

    busy: float
    waiting: float
    at_once: int

    @property
    def fullest(self) -> float:
        """The most requests a second that the process can answer."""
        rates = [1 / self.busy] if self.busy else []
        rates += [self.at_once / (self.busy + self.waiting)] if self.busy + self.waiting else []
        return min(rates, default=math.inf)


def lost_share(rate: float, process: Process) -> float:
    """Return the share of Poisson arrivals that find a process full.

    The state with i requests at the CPU and j waiting has the weight (rate x busy)^i
    (rate x waiting)^j / j!, for all i + j up to the limit.

    Args:
        rate: Requests a second.
        process: The process.
    """
    if _has_room(rate, process):
        return 0.0
    busy, waiting = rate * process.busy, rate * process.waiting
    pure = level = total = 1.0
    for count in range(1, process.at_once + 1):
        pure *= waiting / count
        level = busy * level + pure
        total += level
        if total > 1 / _TINY:
            pure, level, total = pure * _TINY, level * _TINY, total * _TINY
    return level / total


def _has_room(rate: float, process: Process) -> bool:
    """Return whether the process loses fewer than one request in ten million.

    The tails of both numbers, of requests at the CPU and of waiting ones, give the bound.
    """
    half, load = process.at_once / 2, rate * process.busy
    waiting = rate * process.waiting
    return load < 1 and half > 2 * waiting + 20 and (not load or -math.log(load) * half > 18)


def late_share(rate: float, process: Process, patience: float) -> float:
    """Return the share of the requests in a process that wait too long for the CPU.

    Args:
        rate: Requests a second that arrive.
        process: The process; the CPU time of a request is exponential.
        patience: The longest acceptable wait, seconds.
    """
    if not process.busy or not rate:
        return 0.0
    if _has_room(rate, process):
        # If no request is lost, the queue for the CPU is an ordinary M/M/1 queue.
        return rate * process.busy * math.exp(-(1 / process.busy - rate) * patience)
    shares = _late_shares(rate, process.busy, process.waiting, patience)
    return next(islice(shares, process.at_once - 1, None))


def _late_shares(rate: float, busy: float, waiting: float, patience: float) -> Iterator[float]:
    """Yield `late_share` of processes with a limit of 1, 2, 3 and more requests at once.

    With p = patience / busy, a request behind i others waits too long with probability
    P(Poisson(p) < i). The generating function of the states, weighted with that probability, is
    e^-p load x / (1 - load x) e^((p load + offered) x) / (1 - x), which gives the sums one by one.
    """
    load, offered, mean = rate * busy, rate * waiting, patience / busy
    pure = level = total = 1.0
    late_pure, late_level, late_total = math.exp(-mean), 0.0, 0.0
    for count in itertools.count(1):
        yield late_total / total
        pure *= offered / count
        level = load * level + pure
        total += level
        late_level = load * (late_level + late_pure)
        late_total += late_level
        late_pure *= (mean * load + offered) / count
        if total > 1 / _TINY:
            pure, level, total = pure * _TINY, level * _TINY, total * _TINY
            late_pure, late_level = late_pure * _TINY, late_level * _TINY
            late_total *= _TINY


def most_at_once(
    rate: float, busy: float, waiting: float, objective: Objective | None, limits: Sequence[int]
) -> int:
    """Return how many requests a process may have at once and still meet its objective.

    A higher limit loses fewer requests, but the others wait longer.

    Args:
        rate: Requests a second that arrive.
        busy: As in `Process`.
        waiting: As in `Process`.
        objective: How long requests may wait for the CPU; ``None`` for the highest limit.
        limits: The possible limits, from the highest to 1.
    """
    if objective is None or not busy:
        return limits[0]
    patience, late = float(objective.wait_ms) / 1000, 1 - float(objective.share)
    most = Process(busy, waiting, limits[0])
    if _has_room(rate, most) and late_share(rate, most, patience) <= late:
        return limits[0]
    shares = islice(_late_shares(rate, busy, waiting, patience), limits[0])
    good = sum(1 for _ in takewhile(lambda share: share <= late, shares))
    return next((limit for limit in limits if limit <= good), limits[-1])


class OverflowTable:
    """The share of a month's requests that processes send on, by the mean rate of a process.

    Args:
        busy: As in `Process`.
        waiting: As in `Process`.
        held: Requests that the memory of a process holds at once.
        objective: The objective of the busiest hour.
        parts: Rates over the mean rate of the month, and the share of the time for each.
        peak: The highest of those rates at which the objective must still be met.

    Attributes:
        busiest: The highest of the rates, over the mean.
    """

    def __init__(
        self,
        busy: float,
        waiting: float,
        held: int,
        objective: Objective | None,
        parts: Sequence[tuple[float, float]],
        peak: float,
    ) -> None:
        self._fullest = Process(busy, waiting, min(held, MOST_IN_FLIGHT)).fullest
        self._busy, self._waiting = busy, waiting
        self._objective, self._peak = objective, peak
        self._spread = sorted(_on_grid(parts).items(), reverse=True)
        self.busiest = math.exp(STEP * max(shift for shift, _ in self._spread))
        self._lost: dict[tuple[int, int], float] = {}
        self._choice = _limits(min(held, MOST_IN_FLIGHT))
        self._limits: dict[int, int] = {}
        # By the end of each step: the shares at its start and its end, with the limit of its end.
        self._table: dict[int, tuple[float, float]] = {}

    def _limit_at(self, place: int) -> int:
        if place not in self._limits:
            rate, objective = self._rate(place) * self._peak, self._objective
            limit = most_at_once(rate, self._busy, self._waiting, objective, self._choice)
            self._limits[place] = limit
        return self._limits[place]

    def _step(self, place: int) -> tuple[float, float]:
        if place not in self._table:
            limit = self._limit_at(place)
            self._table[place] = self._at(place - 1, limit), self._at(place, limit)
        return self._table[place]

    def _at(self, place: int, limit: int) -> float:
        share = 0.0
        for shift, mass in self._spread:
            lost = self._loss(place + shift, limit)
            if not lost:
                # The rates fall from here on, and no request is lost at lower rates.
                break
            share += mass * lost
        return share

    def _rate(self, place: int) -> float:
        return self._fullest * math.exp(LOWEST + STEP * place)

    def _loss(self, place: int, limit: int) -> float:
        key = limit, min(max(place, 0), PLACES - 1)
        if key not in self._lost:
            process = Process(self._busy, self._waiting, limit)
            self._lost[key] = lost_share(self._rate(key[1]), process)
        return self._lost[key]

    def share(self, rate: float) -> float:
        """Return the share of the requests that processes send on, at a mean rate of each."""
        if not rate or math.isinf(self._fullest):
            return 0.0
        place = (math.log(rate / self._fullest) - LOWEST) / STEP
        if place <= 0:
            return self._step(0)[1] * rate / self._rate(0)
        end = min(math.ceil(place), PLACES - 1)
        low, high = self._step(end)
        return low + (high - low) * min(place - end + 1, 1.0)

    def rate_sent_on(self, share: float) -> float:
        """Return the highest requests a second of which a process sends at most a share on."""
        if math.isinf(self._fullest):
            return math.inf
        # At a higher rate the limit is no higher, so the process loses more.
        above = bisect_right(range(PLACES), share, key=self._loss_within_limit)
        return self._rate(max(above - 1, 0))

    def _loss_within_limit(self, place: int) -> float:
        return self._loss(place, self._limit_at(place))

    def limit(self, rate: float) -> int | None:
        """Return the limit of requests at once at a mean rate; ``None`` for no limit."""
        if not rate or math.isinf(self._fullest):
            return None
        return self._limit_at(self._place(rate))

    def lowest_alike(self, rate: float) -> float:
        """Return the lowest rate at which a process has the same limit as at a mean rate."""
        if not rate or math.isinf(self._fullest):
            return 0.0
        place = self._place(rate)
        limit = self._limit_at(place)
        if limit == self._choice[0]:
            return 0.0
        while place and self._limit_at(place - 1) == limit:
            place -= 1
        return self._rate(place - 1) if place else 0.0

    def _place(self, rate: float) -> int:
        """Return the step of the table that ends at or above a rate."""
        place = math.ceil((math.log(rate / self._fullest) - LOWEST) / STEP)
        return min(max(place, 0), PLACES - 1)


def _limits(held: int) -> tuple[int, ...]:
    """Return the possible limits: what memory holds, and each a tenth or 1 below the last."""
    limit = max(1, held)
    limits = [limit]
    while limit > 1:
        limit = min(limit - 1, limit * 9 // 10)
        limits.append(limit)
    return tuple(limits)


def _on_grid(parts: Sequence[tuple[float, float]]) -> dict[int, float]:
    """Return the share of the requests that come at each rate, in steps of the table.

    A rate between two steps is split between them so that the mean stays the same.
    """
    mean = sum(factor * mass for factor, mass in parts)
    shares: dict[int, float] = {}
    for part, mass in parts:
        if part <= 0 or mass <= 0:
            continue
        factor = part / mean
        place = math.floor(math.log(factor) / STEP)
        low, high = math.exp(place * STEP), math.exp((place + 1) * STEP)
        upper = (factor - low) / (high - low)
        for at, share in ((place, 1 - upper), (place + 1, upper)):
            shares[at] = shares.get(at, 0.0) + mass * factor * share
    return shares
