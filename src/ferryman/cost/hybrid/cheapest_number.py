"""How many servers cost least, at each volume, where a function takes what finds them full.

Searched in floats at volumes that lie 4 % apart, twice that of the last where the fewest send none
on. Between two of them what is sent on is taken as a
straight line, which is a hair above the truth, for it rises ever more steeply.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from operator import itemgetter

from ferryman.cost.bill import Charge, Servers, cost_curve
from ferryman.cost.capacity import Objective
from ferryman.cost.hybrid.overflow import MOST_IN_FLIGHT, OverflowTable
from ferryman.cost.number_format import MONTH_SECONDS
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import NotSoldError, Platform
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.traffic.rates import Rates, month_rates
from ferryman.cost.workload import Inputs

__all__ = ("MOST_SERVERS", "Option", "Window", "cheapest_windows", "make_option")

RATIO = 1.04
FIRST = 1000.0
"""The lowest volume at which the number of servers is looked for, requests a month."""

MOST_SERVERS = 2000

FLOAT = 1e-12
"""What a float may err by."""

MOST_SENT = 0.8
"""The share of all requests that a server sends on at most (`overflow_share`), in any hour."""


@dataclass(frozen=True)
class Option:
    """Servers of one size: what they cost, and what they send on.

    Args:
        name: The size; empty where there is one.
        charges: What they bill.
        processes: Processes of a server.
        least: The fewest servers.
        most: The most.
        spare: Servers besides.
        table: What a process sends on.
        full: Requests a month for each server beyond which more than `MOST_SENT` would be sent on
            in the busiest hour.
        idle: Requests a month up to which its fewest servers send none on.
    """

    name: str
    charges: tuple[Charge, ...]
    processes: int
    least: int
    most: int
    spare: int
    table: OverflowTable
    full: float
    idle: float

    def rate(self, requests: float, servers: int) -> float:
        """Return the requests a second of a process, on the mean."""
        return requests / (MONTH_SECONDS * servers * self.processes)

    def last_alike(self, requests: float, servers: int) -> int:
        """Return the most servers whose processes have no more at once than those of so many."""
        rate = self.table.lowest_alike(self.rate(requests, servers))
        return math.ceil(self.rate(requests, 1) / rate) - 1 if rate else self.most

    def affordable(self, usd: float) -> int:
        """Return how many servers cost no more than that by themselves."""
        if not self._each or math.isinf(usd):
            return self.most
        return int(usd / self._each) - self.spare

    def sent_on(self, requests: float, servers: int) -> float:
        """Return the requests a month that are sent on."""
        return requests * self.table.share(self.rate(requests, servers))

    @cached_property
    def credits(self) -> tuple[Charge, ...]:
        """The CPU that burstable servers are billed for: what is sent on takes none."""
        return tuple(x for x in self.charges if x.is_surplus)

    @cached_property
    def flat(self) -> SteppedCurve:
        """USD a month of everything that no server moves, by requests a month."""
        still = [x for x in self.charges if not x.is_surplus]
        return cost_curve([replace(x, usage=replace(x.usage, per_server=0)) for x in still], _NONE)

    def moved(self, requests: float, servers: int, sent: float, function: SteppedCurve) -> float:
        """Return USD a month of everything else."""
        running = servers + self.spare
        usd = self._each * running + function.near(sent)
        for slope, earned, price in self.burst:
            usd += price * max(0.0, slope * (requests - sent) - earned * running)
        return usd

    @cached_property
    def burst(self) -> tuple[tuple[float, float, float], ...]:
        """The credits: units of a request, units that a server brings, USD of one."""
        pairs = [(x.usage, float(x.rate.value)) for x in self.credits]
        return tuple((float(u.per_request), -float(u.per_server), usd) for u, usd in pairs)

    @cached_property
    def _each(self) -> float:
        moved = [x for x in self.charges if x.usage.per_server and not x.is_surplus]
        return sum(float(x.rate.value) * float(x.usage.per_server) for x in moved)


_NONE = Servers()


@dataclass(frozen=True)
class Window:
    """Volumes for which one number of servers of one size costs least.

    Args:
        option: The size.
        servers: The number, without what is spare.
        knots: Requests a month, and how many of them are sent on; straight lines between.
    """

    option: Option
    servers: int
    knots: tuple[tuple[int, int], ...]

    @property
    def running(self) -> int:
        """The servers, with what is spare."""
        return self.servers + self.option.spare

    def sent(self, requests: Fraction) -> Fraction:
        """Return the requests that are sent on."""
        (x, y), (u, v) = self._around(requests)
        return y + (v - y) * (requests - x) / (u - x)

    def _around(self, requests: Fraction | float) -> tuple[tuple[int, int], tuple[int, int]]:
        place = bisect_right(self.knots, requests, key=itemgetter(0))
        place = max(1, min(place, len(self.knots) - 1))
        return self.knots[place - 1], self.knots[place]

    def cost(self, requests: float, function: SteppedCurve) -> float:
        """Return USD a month at a volume between the knots."""
        return self.moved(requests, function) + self.option.flat.near(requests)

    def moved(self, requests: float, function: SteppedCurve) -> float:
        """Return USD a month of what servers move and of what is sent on."""
        (x, y), (u, v) = self._around(requests)
        sent = y + (v - y) * (requests - x) / (u - x)
        return self.option.moved(requests, self.servers, sent, function)

    def edges(self, function: SteppedCurve) -> Iterator[float]:
        """Yield the volumes between which the cost is a straight line."""
        for (x, y), (u, v) in pairwise(self.knots):
            yield from (float(x), *_starts(self.option.flat, x, u))
            more = (v - y) / (u - x)
            yield from (x + (sent - y) / more for sent in _starts(function, y, v))
            for slope, earned, _ in self.option.burst:
                free = earned * self.running / slope if slope else 0.0
                if more < 1 and x - y < free < u - v:
                    yield x + (free - x + y) / (1 - more)


def _starts(curve: SteppedCurve, low: float, high: float) -> list[float]:
    return [x for x in curve.edges(low, high) if low < x < high]


def make_option(name: str, size: Platform, inputs: Inputs, book: PriceBook) -> Option:
    """Return what servers of a size cost and send on.

    Raises:
        ConfigError: The workload does not fit the size, or a price is missing.
        NotSoldError: Such servers cannot send requests on.
    """
    fleet = size.fleet(book)
    if fleet is None or fleet.slots is not None:
        raise NotSoldError(f"{size.name} has no servers that send requests on")
    fleet.needs(inputs)
    room = (fleet.memory_mib - inputs.resident_mib * fleet.processes) / fleet.processes
    held = room / inputs.in_flight_mib if inputs.in_flight_mib else Fraction(MOST_IN_FLIGHT)
    peak = float(inputs.peak_to_mean * inputs.burst)
    table = _table(
        float(inputs.cpu_ms / 1000 / (fleet.speed * Fraction(fleet.sustained))),
        float(max(Fraction(0), inputs.wall_ms - inputs.cpu_ms) / 1000),
        min(max(1, int(held)), MOST_IN_FLIGHT),
        fleet.sizing.objective,
        _with_imbalance(month_rates(inputs), fleet),
        peak,
    )
    processes, sizing = fleet.processes * fleet.copies, fleet.sizing
    most = MOST_SERVERS if sizing.maximum is None else sizing.maximum
    most = max(1, most - sizing.spare)
    least = min(max(1, sizing.minimum - sizing.spare), most)
    return Option(
        name=name,
        charges=tuple(size.charges(inputs, book)),
        processes=processes,
        least=least,
        most=most,
        spare=sizing.spare,
        table=table,
        full=table.rate_sent_on(MOST_SENT) / peak * MONTH_SECONDS * processes,
        idle=table.rate_sent_on(0) / table.busiest * MONTH_SECONDS * processes * least,
    )


@lru_cache(maxsize=64)
def _table(
    busy: float, waiting: float, held: int, objective: Objective | None, rates: Rates, peak: float
) -> OverflowTable:
    return OverflowTable(busy, waiting, held, objective, rates, peak)


def _with_imbalance(rates: Rates, fleet: Fleet) -> Rates:
    """Return the rates of a process, of which one of each server has more than the others."""
    count = fleet.processes
    if count == 1:
        return rates
    busiest = min(float(fleet.sizing.imbalance), float(count))
    shares = ((busiest, 1 / count), ((count - busiest) / (count - 1), 1 - 1 / count))
    return tuple((x * factor, y * share) for x, y in rates for factor, share in shares)


Found = tuple[int, Option, int]
"""A volume, and the size and number of servers that cost least there."""


def cheapest_windows(
    options: Sequence[Option], function: SteppedCurve, around: float | None = None
) -> tuple[tuple[int, ...], tuple[Window, ...], int]:
    """Return where each number of servers begins to cost least, those, and where they end.

    Args:
        options: The sizes.
        function: USD a month by the requests that are sent on.
        around: Requests a month, where that volume alone is asked for; ``None`` for all volumes.
    """
    every = _volumes(options)
    searched = every if around is None else _beside(every, around)
    found = list(_best(options, function, searched))
    runs: list[tuple[int, int]] = []
    for place, (_, option, count) in enumerate(found):
        same = runs and (option, count) == found[runs[-1][0]][1:]
        runs[-1 if same else len(runs) :] = [(runs[-1][0] if same else place, place)]
    volumes = [requests for requests, _, _ in found]
    windows = []
    for first, last in runs:
        near = [0] * (not first) + volumes[max(0, first - 1) : last + 2]
        _, option, count = found[first]
        windows.append(Window(option, count, tuple(_knots(option, count, near))))
    starts = [0]
    for (_, last), (before, after) in zip(runs, pairwise(windows), strict=False):
        starts.append(_meeting(before, after, volumes[last], volumes[last + 1], function))
    return tuple(starts), tuple(windows), volumes[-1]


def _volumes(options: Sequence[Option]) -> Iterator[float]:
    """Yield the volumes at which servers are looked for, as far as the most of them reach."""
    end = max(option.full * option.most for option in options)
    idle = min(option.idle for option in options)
    requests = min(FIRST, end)
    while requests < end:
        yield requests
        requests = min(requests * (RATIO if requests > idle else 2), end)
    yield end


def _beside(volumes: Iterable[float], requests: float) -> tuple[float, ...]:
    """Return the volumes between which one lies; the last of all where it lies beyond."""
    kept: tuple[float, ...] = ()
    for volume in volumes:
        kept = *kept[-1:], volume
        if volume > requests:
            break
    return kept


def _best(
    options: Sequence[Option], function: SteppedCurve, volumes: Iterable[float]
) -> Iterator[Found]:
    """Yield volumes with the servers that cost least at each, as far as they can be counted."""
    for requests in volumes:
        least = math.inf, 0, 0
        for place, option in enumerate(options):
            flat = option.flat.near(requests)
            for count, usd in _lows(option, requests, function, least[0] - flat):
                least = min(least, (usd + flat, place, count))
        _, place, count = least
        yield int(requests), options[place], count
        if count >= MOST_SERVERS:
            return


def _lows(
    option: Option, requests: float, function: SteppedCurve, least: float
) -> Iterator[tuple[int, float]]:
    """Yield the numbers of servers that cost least among those with one limit of their processes.

    One more may let each process have more requests at once, and then far fewer are sent on. In
    between, each server more saves less than the one before.

    Args:
        option: The size.
        requests: Requests a month.
        function: USD a month by the requests that are sent on.
        least: USD a month beyond which servers are not looked at.
    """

    @cache
    def usd(count: int) -> float:
        return option.moved(requests, count, option.sent_on(requests, count), function)

    # The last volume is as many servers as there can be, but for what a float errs.
    low = max(option.least, math.ceil(requests / option.full * (1 - FLOAT)))
    most = option.most
    while low <= (most := min(most, option.affordable(least))):
        high = min(most, option.last_alike(requests, low))
        count = bisect_left(range(high), True, low, key=lambda x: usd(x + 1) >= usd(x))
        yield count, (found := usd(count))
        least, low = min(least, found), high + 1


def _knots(option: Option, servers: int, volumes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield volumes and what is sent on of each; the second never falls as the first grows."""
    before, sent = -1, 0
    for volume in volumes:
        if volume > before:
            sent = max(sent, round(option.sent_on(float(volume), servers)))
            yield volume, sent
        before = volume


def _meeting(one: Window, two: Window, low: int, high: int, function: SteppedCurve) -> int:
    """Return where the second becomes the cheaper one, or the first is full, between volumes."""

    def gap(requests: int) -> float:
        more = one.moved(requests, function) - two.moved(requests, function)
        if one.option is two.option:
            return more
        return more + one.option.flat.near(requests) - two.option.flat.near(requests)

    high = max(low, min(high, int(one.option.full * one.servers)))
    below, above = gap(low), gap(high)
    step = 0
    while high - low > 1:
        # Both are straight lines but for a few bends; each third step sees to those.
        step += 1
        share = below / (below - above) if step % 3 and below <= 0 < above else 0.5
        middle = min(max(low + int((high - low) * share), low + 1), high - 1)
        if (there := gap(middle)) <= 0:
            low, below = middle, there
        else:
            high, above = middle, there
    return high
