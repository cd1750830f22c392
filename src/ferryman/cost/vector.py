"""Many bills at once: the charges of a platform, evaluated on arrays of workloads.

The charges are the very ones of the exact bill; only the arithmetic is in floats. A test
holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from ferryman.cost.bill import Charge
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
"""After so many steps each further one goes forward by this share at least. The few draws left
by then are those in which the two sides grow side by side; their crossover is that much less
sure."""

CLOSE = 1e-5

MATRIX = 10_000
"""Workloads of which the hours of a week are a table; of more, a sum hour by hour."""


@dataclass(frozen=True, slots=True)
class Part:
    """One charge that bends, in floats.

    Args:
        id: The rate and its region, by which two platforms' parts are told to be the same.
        line: Units: fixed, per request, per server, and the most there can be.
        tiers: Where each begins, the allowance included, and by how much it is dearer than
            the one before.
        beyond: Requests a month up to which it costs nothing.
        least: Units for each request that there are at least.
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
        """The most that one request can add, in USD."""
        price = highest = 0.0
        for _, step in self.tiers:
            price += step
            highest = max(highest, price)
        return highest * self.line[1]


@dataclass(frozen=True, slots=True)
class Costs:
    """A platform's costs for an array of workloads.

    Args:
        line: USD: fixed, per request, per server, of all charges that do not bend.
        parts: The charges that do.
        fleet: The servers, if there are any.
        share: The part of a server that a request a month takes at the mean rate.
        peak: The busy hour over the mean rate.
        levels: The rates of the week, and how many hours have each; empty where the servers
            do not follow it.
        most: The most requests a month that can be had; ``None`` for no limit.
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
            requests: Requests a month, one number or one for each workload. What cannot
                be carried costs an infinite amount.
        """
        servers = self._running(requests)
        fixed, per_request, per_server = self.line
        usd = fixed + per_request * requests + per_server * servers
        for part in self.parts:
            usd = usd + part.cost(requests, servers)
        if self.fleet and self.fleet.sizing.maximum is not None:
            import numpy

            busy = self.share * self.peak * requests
            usd = numpy.where(busy > self.fleet.sizing.maximum, numpy.inf, usd)
        if self.most is not None:
            import numpy

            usd = numpy.where(requests > self.most, numpy.inf, usd)
        return usd

    @property
    def slope(self) -> Quantity:
        """What a request adds at least, in USD."""
        return self.line[1]

    @property
    def steepest(self) -> Quantity:
        """The most that one request can add, in USD, servers apart."""
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
        parts = []
        for part in self.parts:
            first, second, third, most = (chosen_of(value, places) for value in part.line)
            beyond = chosen_of(part.beyond, places)
            least = chosen_of(part.least, places)
            parts.append(Part(part.id, (first, second, third, most), part.tiers, beyond, least))
        return Costs(
            (fixed, per_request, per_server),
            tuple(parts),
            self.fleet,
            chosen_of(self.share, places),
            chosen_of(self.peak, places),
            self.levels,
            chosen_of(self.most, places),
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
        """Return USD a month for each workload, on the size that costs it least."""
        import numpy

        return numpy.minimum.reduce([size.at(requests) for size in self.sizes])

    @property
    def slope(self) -> Quantity:
        """What a request adds at least, in USD, whichever the size."""
        return reduce(smaller, (size.slope for size in self.sizes))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the first size; those of the others are the same or of its servers."""
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
        ValueError: The platform is a hybrid, whose charges are not those of its servers alone: what
            it sends on is found for one workload and not for many.
    """
    if isinstance(platform, Hybrid):
        raise ValueError(f"{platform.name} cannot be priced for many workloads at once")
    if not isinstance(platform, SizedPlatform):
        return _costs_of_one(platform, inputs, book)
    sizes = [_costs_of_one(size, inputs, book) for size in platform.sizes.values()]
    return CheapestCosts(tuple(sizes))


def _costs_of_one(platform: Platform, inputs: Inputs, book: PriceBook) -> Costs:
    """Return what a platform of one size costs for these workloads.

    Args:
        platform: The platform.
        inputs: The workloads: arrays of floats of one length, and numbers that all share.
        book: The prices.

    Raises:
        ConfigError: A price is missing.
    """
    fleet = platform.fleet(book)
    line: list[Quantity] = [0.0, 0.0, 0.0]
    parts = []
    most: Quantity | None = None
    for charge in platform.charges(inputs, book):
        if charge.until is not None:
            limit = as_floats(charge.until)
            most = limit if most is None else smaller(most, limit)
        part = _part(charge)
        if len(part.tiers) == 1 and not part.tiers[0][0] and _never_negative(charge):
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
    usage, free = charge.usage, float(charge.allowance)
    before, tiers = 0.0, []
    for tier in charge.rate.tiers:
        tiers.append((float(tier.start) + free, float(tier.price) - before))
        before = float(tier.price)
    line = (as_floats(usage.fixed), as_floats(usage.per_request), as_floats(usage.per_server))
    most = None if usage.most is None else as_floats(usage.most)
    beyond = None if usage.beyond is None else as_floats(usage.beyond)
    least = as_floats(usage.least_per_request)
    return Part((charge.rate.id, charge.rate.region), (*line, most), tuple(tiers), beyond, least)


def _never_negative(charge: Charge) -> bool:
    usage = charge.usage
    least = usage.least_per_request
    if usage.most is not None or usage.beyond is not None or is_array(least) or least:
        return False
    fixed, each = usage.fixed, usage.per_server
    return not any(isinstance(x, Fraction | int) and x < 0 for x in (fixed, each)) and not any(
        hasattr(x, "dtype") and bool((x < 0).any()) for x in (fixed, each)
    )


def first_crossing(
    per_request: Costs, capacity: Costs | CheapestCosts, horizon: float, length: int
) -> Quantity:
    """Return the first volume at which capacity becomes cheaper; infinite where it never does.

    Up from zero: capacity costs at least what it costs at the volume that was reached, and
    no request adds more to the other side than its steepest slope, so there is no crossing
    before the volume at which that slope would close the gap. The volumes that are reached
    so rise to the first crossing, and steps of servers are not leapt over.

    Args:
        per_request: The side that bills requests alone.
        capacity: The side with servers.
        horizon: How far to look, requests a month.
        length: How many workloads there are.
    """
    import numpy

    shared = _shared(per_request, capacity)
    left, right = per_request.without(shared), capacity.without(shared)
    slope = left.steepest - right.slope
    slope = numpy.maximum(slope, 1e-15) + numpy.zeros(length)
    found = numpy.full(length, numpy.inf)
    places, reached = numpy.arange(length), _parting(left, right, length, horizon)
    for step in range(MAX_STEPS):
        # A hair above, so that the server that a step adds is counted.
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
    """Return a volume just above the one up to which both cost the same, nothing for one."""
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
    """Return the parts that cost both the same, egress for one."""
    import numpy

    theirs = {part.id: part for part in second.parts}
    return {
        part.id
        for part in first.parts
        if part.id in theirs
        and part.tiers == theirs[part.id].tiers
        and numpy.array_equal(part.line[1], theirs[part.id].line[1])
    }
