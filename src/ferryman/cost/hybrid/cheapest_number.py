"""The cheapest number of servers at each volume, with a function for requests that find them full.

The search uses floats, at volumes 4 % apart; while the fewest servers send nothing on, each volume
is twice the last. Between two volumes the requests sent on are a straight line. It lies slightly
above the real curve, which rises ever more steeply.
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
"""The lowest volume of the search, requests a month."""

MOST_SERVERS = 2000

FLOAT = 1e-12
"""The largest relative error of a float."""

MOST_SENT = 0.8
"""The largest share of its requests that a server sends on in any hour (`overflow_share`)."""


@dataclass(frozen=True)
class Option:
    """Servers of one size: what they cost, and what they send on.

    Args:
        name: The size; empty if the platform has one size.
        charges: The charges of the servers.
        processes: Processes of a server.
        least: The fewest servers.
        most: The most servers.
        spare: Spare servers, in addition.
        table: What a process sends on.
        full: Requests a month per server above which a server would send on more than
            `MOST_SENT` in the busiest hour.
        idle: Requests a month up to which the fewest servers send nothing on.
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
        """Return the mean requests a second of a process."""
        return requests / (MONTH_SECONDS * servers * self.processes)

    def last_alike(self, requests: float, servers: int) -> int:
        """Return the most servers whose processes have the same limit as those of ``servers``."""
        rate = self.table.lowest_alike(self.rate(requests, servers))
        return math.ceil(self.rate(requests, 1) / rate) - 1 if rate else self.most

    def affordable(self, usd: float) -> int:
        """Return how many servers cost at most ``usd`` a month by themselves."""
        if not self._each or math.isinf(usd):
            return self.most
        return int(usd / self._each) - self.spare

    def sent_on(self, requests: float, servers: int) -> float:
        """Return the requests a month that the servers send on."""
        return requests * self.table.share(self.rate(requests, servers))

    @cached_property
    def credits(self) -> tuple[Charge, ...]:
        """The charges for CPU credits of burstable servers. Requests sent on use no such CPU."""
        return tuple(x for x in self.charges if x.is_surplus)

    @cached_property
    def flat(self) -> SteppedCurve:
        """USD a month that do not depend on the number of servers, by requests a month."""
        still = [x for x in self.charges if not x.is_surplus]
        without_servers = [replace(x, usage=replace(x.usage, per_server=0)) for x in still]
        return cost_curve(without_servers, Servers())

    def moved(self, requests: float, servers: int, sent: float, function: SteppedCurve) -> float:
        """Return USD a month that depend on the number of servers and the requests sent on."""
        running = servers + self.spare
        usd = self._each * running + function.near(sent)
        for slope, earned, price in self.burst:
            usd += price * max(0.0, slope * (requests - sent) - earned * running)
        return usd

    @cached_property
    def burst(self) -> tuple[tuple[float, float, float], ...]:
        """The credits: units per request, units that a server brings, and USD per unit."""
        pairs = [(x.usage, float(x.rate.value)) for x in self.credits]
        return tuple((float(u.per_request), -float(u.per_server), usd) for u, usd in pairs)

    @cached_property
    def _each(self) -> float:
        moved = [x for x in self.charges if x.usage.per_server and not x.is_surplus]
        return sum(float(x.rate.value) * float(x.usage.per_server) for x in moved)


@dataclass(frozen=True)
class Window:
    """Volumes for which one number of servers of one size costs least.

    Args:
        option: The size.
        servers: The number, without spare servers.
        knots: Requests a month, and how many of them the servers send on; between two knots it is
            a straight line.
    """

    option: Option
    servers: int
    knots: tuple[tuple[int, int], ...]

    @property
    def running(self) -> int:
        """The number of servers, with spare ones."""
        return self.servers + self.option.spare

    def sent(self, requests: Fraction) -> Fraction:
        """Return the requests that the servers send on."""
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
        """Return USD a month that depend on the number of servers and the requests sent on."""
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
    """Return the rates of processes: in each server, one process has more than the others."""
    count = fleet.processes
    if count == 1:
        return rates
    busiest = min(float(fleet.sizing.imbalance), float(count))
    shares = ((busiest, 1 / count), ((count - busiest) / (count - 1), 1 - 1 / count))
    return tuple((x * factor, y * share) for x, y in rates for factor, share in shares)


Best = tuple[int, Option, int]
"""A volume, and the size and number of servers that cost least there."""


def cheapest_windows(
    options: Sequence[Option], function: SteppedCurve, around: float | None = None
) -> tuple[tuple[int, ...], tuple[Window, ...], int]:
    """Return the volumes where each window begins, the windows, and where the last one ends.

    Args:
        options: The sizes.
        function: USD a month by the requests that are sent on.
        around: The only volume that the caller needs, requests a month; ``None`` for all volumes.
    """
    every = _volumes(options)
    searched = every if around is None else _beside(every, around)
    best = list(_best(options, function, searched))
    runs: list[tuple[int, int]] = []
    for place, (_, option, count) in enumerate(best):
        same = runs and (option, count) == best[runs[-1][0]][1:]
        runs[-1 if same else len(runs) :] = [(runs[-1][0] if same else place, place)]
    volumes = [requests for requests, _, _ in best]
    windows = []
    for first, last in runs:
        near = [0] * (not first) + volumes[max(0, first - 1) : last + 2]
        _, option, count = best[first]
        windows.append(Window(option, count, tuple(_knots(option, count, near))))
    starts = [0]
    for (_, last), (before, after) in zip(runs, pairwise(windows), strict=False):
        starts.append(_meeting(before, after, volumes[last], volumes[last + 1], function))
    return tuple(starts), tuple(windows), volumes[-1]


def _volumes(options: Sequence[Option]) -> Iterator[float]:
    """Yield the volumes of the search, up to what the most servers carry."""
    end = max(option.full * option.most for option in options)
    idle = min(option.idle for option in options)
    requests = min(FIRST, end)
    while requests < end:
        yield requests
        requests = min(requests * (RATIO if requests > idle else 2), end)
    yield end


def _beside(volumes: Iterable[float], requests: float) -> tuple[float, ...]:
    """Return the two volumes around a volume, or the last two if it lies above them all."""
    kept: tuple[float, ...] = ()
    for volume in volumes:
        kept = *kept[-1:], volume
        if volume > requests:
            break
    return kept


def _best(
    options: Sequence[Option], function: SteppedCurve, volumes: Iterable[float]
) -> Iterator[Best]:
    """Yield each volume with its cheapest servers, up to `MOST_SERVERS`."""
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
    """Yield numbers of servers and their USD a month: the cheapest for each limit of a process.

    With one more server, each process may have a higher limit of requests at once, and the servers
    send far fewer on. Among numbers with the same limit, each further server saves less than the
    one before.

    Args:
        option: The size.
        requests: Requests a month.
        function: USD a month by the requests that are sent on.
        least: USD a month that servers must not exceed.
    """

    @cache
    def usd(count: int) -> float:
        return option.moved(requests, count, option.sent_on(requests, count), function)

    # At the last volume this is the most servers, except for the error of a float.
    low = max(option.least, math.ceil(requests / option.full * (1 - FLOAT)))
    most = option.most
    while low <= (most := min(most, option.affordable(least))):
        high = min(most, option.last_alike(requests, low))
        count = bisect_left(range(high), True, low, key=lambda x: usd(x + 1) >= usd(x))
        yield count, usd(count)
        least, low = min(least, usd(count)), high + 1


def _knots(option: Option, servers: int, volumes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield volumes and the requests sent on at each; more requests never send on fewer."""
    before, sent = -1, 0
    for volume in volumes:
        if volume > before:
            sent = max(sent, round(option.sent_on(float(volume), servers)))
            yield volume, sent
        before = volume


def _meeting(one: Window, two: Window, low: int, high: int, function: SteppedCurve) -> int:
    """Return the volume between two at which the second window is cheaper, or the first full."""

    def gap(requests: int) -> float:
        more = one.moved(requests, function) - two.moved(requests, function)
        if one.option is two.option:
            return more
        return more + one.option.flat.near(requests) - two.option.flat.near(requests)

    high = max(low, min(high, int(one.option.full * one.servers)))
    below, above = gap(low), gap(high)
    step = 0
    while high - low > 1:
        # Both costs are straight lines with a few bends; every third step halves for the bends.
        step += 1
        share = below / (below - above) if step % 3 and below <= 0 < above else 0.5
        middle = min(max(low + int((high - low) * share), low + 1), high - 1)
        if (there := gap(middle)) <= 0:
            low, below = middle, there
        else:
            high, above = middle, there
    return high
