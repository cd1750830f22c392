"""Many bills at once: the charges of a platform, evaluated on arrays of workloads.

The charges are those of the exact bill; only the arithmetic is in floats. A test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import accumulate

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import SizedPlatform
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, as_floats, chosen_of, is_array, larger, smaller
from ferryman.cost.traffic.shape import HOURS
from ferryman.cost.workload import Inputs

__all__ = ("CheapestCosts", "Costs", "costs_of", "first_crossing")

MAX_STEPS = 400
PATIENCE = 40
LEAP = 0.05
"""After ``PATIENCE`` steps, each further step advances by at least this share. In the few draws
left by then, both sides grow at almost the same rate, so their crossover is less exact."""

CLOSE = 1e-5
"""The relative precision of a crossover."""

MATRIX = 10_000
"""Up to this many workloads, the servers of all hours are computed in one table; for more, hour by
hour, which takes less memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """One charge that is not linear, in floats.

    Args:
        id: The rate and its region; two platforms' parts with the same id are the same charge.
        line: Units: fixed, per request, per server, and their upper limit.
        tiers: Where each tier begins, the allowance included, and the rise of the price there.
        beyond: Requests a month up to which it costs nothing.
        least: The lower limit, in units for each request.
    """

    id: tuple[str, str]
    line: tuple[Quantity, Quantity, Quantity, Quantity | None]
    tiers: tuple[tuple[float, float], ...]
    beyond: Quantity | None = None
    least: Quantity = 0.0

    def cost(self, requests: Quantity, servers: Quantity) -> Quantity:
        """Return USD a month."""
        fixed, per_request, per_server, most = self.line
        units = fixed + per_request * requests + per_server * servers
        if most is not None:
            units = smaller(units, most)
        if is_array(self.least) or self.least:
            units = larger(units, self.least * requests)
        usd: Quantity = 0.0
        highest = units.max() if is_array(units) else units
        for start, step in self.tiers:
            if highest > start:
                usd = usd + step * larger(units - start, 0.0)
        return usd if self.beyond is None else usd * (requests > self.beyond)

    @property
    def steepest(self) -> Quantity:
        """The most USD that one request can add."""
        highest = max(accumulate(step for _, step in self.tiers))
        return max(highest, 0.0) * self.line[1]

    def chosen(self, places: Quantity) -> Part:
        """Return the part for some of the workloads."""
        fixed, per_request, per_server, most = (chosen_of(x, places) for x in self.line)
        line = (fixed, per_request, per_server, most)
        beyond, least = chosen_of(self.beyond, places), chosen_of(self.least, places)
        return replace(self, line=line, beyond=beyond, least=least)


@dataclass(frozen=True, slots=True)
class Costs:
    """A platform's costs for an array of workloads.

    Args:
        line: USD of all linear charges: fixed, per request, per server.
        parts: The other charges.
        fleet: The servers, if there are any.
        share: The part of a server that one request a month takes at the mean rate.
        peak: The rate of the busiest hour over the mean rate.
        levels: The rates of the week, and how many hours have each; empty if the number of servers
            is the same in every hour.
        most: The most requests a month that the platform sells; ``None`` for no limit.
    """

    line: tuple[Quantity, Quantity, Quantity]
    parts: tuple[Part, ...]
    fleet: Fleet | None
    share: Quantity
    peak: Quantity
    levels: tuple[tuple[Fraction, int], ...] = ()
    most: Quantity | None = None

    def at(self, requests: Quantity) -> Quantity:
        """Return USD a month for each workload.

        Args:
            requests: Requests a month, one number or one for each workload. Traffic that the
                platform cannot serve costs an infinite amount.
        """
        servers = self._running(requests)
        fixed, per_request, per_server = self.line
        usd = fixed + per_request * requests + per_server * servers
        for part in self.parts:
            usd = usd + part.cost(requests, servers)
        import numpy

        if self.fleet and self.fleet.sizing.maximum is not None:
            busy = self.share * self.peak * requests
            usd = numpy.where(busy > self.fleet.sizing.maximum, numpy.inf, usd)
        return usd if self.most is None else numpy.where(requests > self.most, numpy.inf, usd)

    @property
    def slope(self) -> Quantity:
        """The least USD that one request adds."""
        return self.line[1]

    @property
    def steepest(self) -> Quantity:
        """The most USD that one request can add, without servers."""
        slope = self.line[1]
        for part in self.parts:
            slope = slope + part.steepest
        return slope

    def without(self, ids: set[tuple[str, str]]) -> Costs:
        """Return the costs without some of the parts."""
        kept = tuple(part for part in self.parts if part.id not in ids)
        return replace(self, parts=kept)

    def chosen(self, places: Quantity) -> Costs:
        """Return the costs of some of the workloads."""
        fixed, per_request, per_server = (chosen_of(value, places) for value in self.line)
        return replace(
            self,
            line=(fixed, per_request, per_server),
            parts=tuple(part.chosen(places) for part in self.parts),
            share=chosen_of(self.share, places),
            peak=chosen_of(self.peak, places),
            most=chosen_of(self.most, places),
        )

    def _running(self, requests: Quantity) -> Quantity:
        if not self.fleet:
            return 0.0
        if not self.levels:
            return self.fleet.count(self.share * self.peak * requests)
        import numpy

        rates, hours = numpy.array([[float(x), count] for x, count in self.levels]).T
        load = self.share * requests
        if numpy.size(load) > MATRIX:
            counts = (self.fleet.count(load * rate) for rate in rates)
            return sum(count * share for count, share in zip(counts, hours, strict=True)) / HOURS
        return hours @ self.fleet.count(numpy.multiply.outer(rates, load)) / HOURS


@dataclass(frozen=True, slots=True)
class CheapestCosts:
    """The costs of the cheapest of several sizes, for an array of workloads.

    Args:
        sizes: The costs of each size.
    """

    sizes: tuple[Costs, ...]

    def at(self, requests: Quantity) -> Quantity:
        """Return USD a month for each workload, each on its cheapest size."""
        import numpy

        return numpy.minimum.reduce([size.at(requests) for size in self.sizes])

    @property
    def slope(self) -> Quantity:
        """The least USD that one request adds, on any size."""
        return reduce(smaller, (size.slope for size in self.sizes))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the first size; other sizes differ only in the parts of their servers."""
        return self.sizes[0].parts

    def without(self, ids: set[tuple[str, str]]) -> CheapestCosts:
        """Return the costs without some of the parts."""
        return CheapestCosts(tuple(size.without(ids) for size in self.sizes))

    def chosen(self, places: Quantity) -> CheapestCosts:
        """Return the costs of some of the workloads."""
        return CheapestCosts(tuple(size.chosen(places) for size in self.sizes))


def costs_of(platform: Platform, inputs: Inputs, book: PriceBook) -> Costs | CheapestCosts:
    """Return what a platform costs for these workloads, on the cheapest of its sizes.

    Args:
        platform: The platform.
        inputs: The workloads: arrays of floats of one length, and numbers that all share.
        book: The prices.

    Raises:
        ConfigError: A price is missing.
        ValueError: The platform is a hybrid. The requests that it forwards can be computed only
            for one workload at a time.
    """
    if isinstance(platform, Hybrid):
        raise ValueError(f"{platform.name} cannot be priced for many workloads at once")
    if not isinstance(platform, SizedPlatform):
        return _costs_of_one(platform, inputs, book)
    sizes = [_costs_of_one(size, inputs, book) for size in platform.sizes.values()]
    return CheapestCosts(tuple(sizes))


def _costs_of_one(platform: Platform, inputs: Inputs, book: PriceBook) -> Costs:
    fleet = platform.fleet(book)
    line: list[Quantity] = [0.0, 0.0, 0.0]
    parts = []
    most: Quantity | None = None
    for charge in platform.charges(inputs, book):
        if charge.until is not None:
            limit = as_floats(charge.until)
            most = limit if most is None else smaller(most, limit)
        part = _part(charge)
        if len(part.tiers) == 1 and not part.tiers[0][0] and _is_never_negative(charge.usage):
            price = part.tiers[0][1]
            line = [total + price * units for total, units in zip(line, part.line[:3], strict=True)]
        else:
            parts.append(part)
    share = as_floats(fleet.share_of_rate(inputs)) if fleet else 0.0
    hourly = fleet is not None and fleet.sizing.scaling == "hourly"
    levels = fleet.levels(inputs) if fleet and hourly else ()
    peak = as_floats(inputs.peak_to_mean)
    return Costs((line[0], line[1], line[2]), tuple(parts), fleet, share, peak, levels, most)


def _part(charge: Charge) -> Part:
    usage, tiers = charge.usage, charge.price_steps(float(charge.allowance))
    line = (as_floats(usage.fixed), as_floats(usage.per_request), as_floats(usage.per_server))
    most = None if usage.most is None else as_floats(usage.most)
    beyond = None if usage.beyond is None else as_floats(usage.beyond)
    least = as_floats(usage.least_per_request)
    return Part((charge.rate.id, charge.rate.region), (*line, most), tiers, beyond, least)


def _is_never_negative(usage: Usage) -> bool:
    if usage.has_limits:
        return False
    signs = (x < 0 for x in (usage.fixed, usage.per_server))
    return not any(sign.any() if is_array(sign) else sign for sign in signs)


def first_crossing(
    per_request: Costs, capacity: Costs | CheapestCosts, horizon: float, length: int
) -> Quantity:
    """Return the first volume at which capacity becomes cheaper; infinite if it never does.

    The search starts at zero. Above the volume reached, capacity costs at least as much as there,
    and no request adds more to the other side than its steepest slope. So there is no crossing
    before the volume at which that slope closes the gap, and the search goes on from there. It
    therefore rises to the first crossing and skips no step of servers.

    Args:
        per_request: The platform that bills only requests.
        capacity: The platform with servers.
        horizon: The largest volume of the search, requests a month.
        length: The number of workloads.
    """
    import numpy

    shared = _shared(per_request, capacity)
    left, right = per_request.without(shared), capacity.without(shared)
    slope = left.steepest - right.slope
    slope = numpy.maximum(slope, 1e-15) + numpy.zeros(length)
    found = numpy.full(length, numpy.inf)
    places, reached = numpy.arange(length), _parting(left, right, length, horizon)
    for step in range(MAX_STEPS):
        # Slightly above, to include the server that a step adds.
        gap = right.at(reached * (1 + CLOSE)) - left.at(reached)
        forward = numpy.maximum(gap, 0.0) / slope
        there = forward <= CLOSE * reached
        found[places[there]] = reached[there]
        least = LEAP * reached if step > PATIENCE else 0.0
        reached = reached + numpy.maximum(forward, least)
        going = numpy.flatnonzero(~there & (reached <= horizon))
        if not len(going):
            break
        if len(going) < 0.7 * len(places):
            left, right = left.chosen(going), right.chosen(going)
            places, reached, slope = places[going], reached[going], slope[going]
    return found


def _parting(left: Costs, right: Costs | CheapestCosts, length: int, horizon: float) -> Quantity:
    """Return a volume just above that up to which both cost the same, such as nothing."""
    import numpy

    def same(requests: Quantity) -> Quantity:
        return numpy.isclose(right.at(requests), left.at(requests), rtol=1e-9, atol=1e-12)

    low = high = numpy.ones(length)
    tied = same(high) & numpy.full(length, True)
    if not tied.any():
        return high
    while (tied & (high < horizon)).any():
        low, high = numpy.where(tied, high, low), numpy.where(tied, 2 * high, high)
        tied = same(high)
    for _ in range(20):
        middle = (low + high) / 2
        tied = same(middle)
        low, high = numpy.where(tied, middle, low), numpy.where(tied, high, middle)
    return high * 1.001


def _shared(first: Costs, second: Costs | CheapestCosts) -> set[tuple[str, str]]:
    """Return the parts that cost both sides the same, such as egress."""
    import numpy

    theirs = {part.id: part for part in second.parts}
    return {
        part.id
        for part in first.parts
        if part.id in theirs
        and part.tiers == theirs[part.id].tiers
        and numpy.array_equal(part.line[1], theirs[part.id].line[1])
    }
