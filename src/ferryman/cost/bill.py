"""A month's bill: each line has a quantity, a rate and the formula of the quantity.

A `Charge` is a line before the traffic is known: a usage and a rate. The bill at one volume, the
cost curve over all volumes and the arrays of a simulation come from the same charges, so they
cannot disagree. It knows no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise

from ferryman.cost.curve import (
    Curve,
    clamp,
    compose,
    constant,
    difference,
    linear,
    staircase,
    step,
    tiered,
    total,
)
from ferryman.cost.number_format import exact
from ferryman.cost.prices.book import NEGOTIATED, Rate, Tier
from ferryman.cost.prices.derived import DERIVED, derived_note
from ferryman.cost.quantity import Quantity, is_array
from ferryman.cost.staircases import Flight, Staircase
from ferryman.cost.stepped_curve import SteppedCurve, Surplus

__all__ = ("Bill", "Charge", "Line", "Servers", "Usage", "cost_curve", "make_bill")


@dataclass(frozen=True, slots=True)
class Usage:
    """Units used in a month, linear in the requests and in the servers, and never below zero.

    Args:
        fixed: Units at any traffic.
        per_request: Units for each request.
        per_server: Units for each server that runs all month.
        most: The upper limit; ``None`` for no limit.
        least_per_request: The lower limit, in units for each request; not with ``most``.
        beyond: Up to this many requests a month no units are used, not even the fixed ones. Only
            for a usage that is fixed above it, such as a larger plan.
    """

    fixed: Quantity = 0
    per_request: Quantity = 0
    per_server: Quantity = 0
    most: Quantity | None = None
    beyond: Quantity | None = None
    least_per_request: Quantity = 0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if isinstance(value := getattr(self, name), Decimal):
                object.__setattr__(self, name, Fraction(value))

    @property
    def is_plain(self) -> bool:
        """Whether no limit can take effect."""
        parts = (self.fixed, self.per_request, self.per_server)
        return not self.has_limits and all(part >= 0 for part in parts)

    @property
    def has_limits(self) -> bool:
        """Whether the usage has another limit than zero."""
        limited = self.most is not None or self.beyond is not None
        return limited or is_array(self.least_per_request) or self.least_per_request > 0

    def at(self, requests: Fraction, servers: Fraction) -> Fraction:
        """Return the units used with this many requests and servers."""
        if self.beyond is not None and requests <= self.beyond:
            return Fraction(0)
        units = self.fixed + self.per_request * requests + self.per_server * servers
        units = units if self.most is None else min(units, self.most)
        return Fraction(max(self.least_per_request * requests, units))

    def curve(self, servers: Servers) -> Curve:
        """Return the units as a curve over requests a month."""
        if self.beyond is not None:
            return step(self.beyond, self.fixed)
        parts = [linear(self.per_request, self.fixed)]
        if self.per_server:
            parts.append(servers.curve.scaled(self.per_server))
        line = total(parts)
        if self.is_plain:
            return line
        least = linear(self.least_per_request)
        return total((clamp(difference(line, least), self.most), least))


@dataclass(frozen=True)
class Servers:
    """The number of running servers as a function of requests a month.

    Args:
        stairs: The contribution of each part of the week.
        end: The most requests that the servers can serve; ``None`` for no limit.
        horizon: The largest volume of `curve`.
    """

    stairs: tuple[Staircase, ...] = ()
    end: Fraction | None = None
    horizon: Fraction = Fraction(1)

    @cached_property
    def running(self) -> Flight:
        """The number of running servers, without writing out each step."""
        return Flight(self.stairs)

    @property
    def curve(self) -> Curve:
        """The number of running servers with each step written out.

        A charge that is not linear in the servers needs it.
        """
        stop = self.horizon if self.end is None else min(self.end, self.horizon)
        return total(
            [staircase(s.width, s.least, stop).scaled(s.height) for s in self.stairs]
            or [constant(0)]
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of a bill for any traffic: a usage and its rate.

    Args:
        item: The billed item, as the bill names it.
        usage: Units used in a month.
        rate: The price of a unit.
        formula: How the usage follows from the traffic, for a reader.
        allowance: Units a month that are free of charge.
        spread: The low and the high end of the price as factors of the rate; (1, 1) for one price.
        until: The most requests a month for which it is sold; ``None`` for no limit.
    """

    item: str
    usage: Usage
    rate: Rate
    formula: str
    allowance: Decimal = Decimal(0)
    spread: tuple[Decimal, Decimal] = (Decimal(1), Decimal(1))
    until: Quantity | None = None

    @property
    def is_linear(self) -> bool:
        """Whether the cost is the usage times one price."""
        return self.usage.is_plain and len(self.rate.tiers) == 1 and not self.allowance

    @property
    def key(self) -> tuple[str, str, str]:
        """The item, the rate and its region: equal for the same item of two applications."""
        return self.item, self.rate.id, self.rate.region

    def price_steps(self, free: float) -> tuple[tuple[float, float], ...]:
        """Return where each tier begins and the rise of the price there, in floats.

        Args:
            free: Units that are free of charge; they come before the first tier.
        """
        prices = [0.0, *(float(tier.price) for tier in self.rate.tiers)]
        return tuple(
            (float(tier.start) + free, after - before)
            for tier, (before, after) in zip(self.rate.tiers, pairwise(prices), strict=True)
        )

    @property
    def is_surplus(self) -> bool:
        """Whether it bills, at one price, the units beyond an amount that each server includes."""
        usage = self.usage
        alone = not usage.fixed and not usage.has_limits and not self.allowance
        return bool(alone and usage.per_server < 0 and len(self.rate.tiers) == 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Args:
        item: The billed item.
        quantity: Units used in the month, before any allowance.
        unit: The name of a unit.
        rate: The row of the price book, with its tiers, source and date.
        amount: USD a month, not rounded.
        formula: How the quantity follows from the traffic.
        spread: The low and the high end of the amount, as factors of it.
        allowance: Units that are free of charge.
    """

    item: str
    quantity: Decimal
    unit: str
    rate: Rate
    amount: Decimal
    formula: str
    spread: tuple[Decimal, Decimal] = (Decimal(1), Decimal(1))
    allowance: Decimal = Decimal(0)

    @property
    def free(self) -> Decimal:
        """The part of the quantity that the allowance covers."""
        return min(self.quantity, self.allowance)


@dataclass(frozen=True)
class Bill:
    """The cost of a platform in a month of given traffic.

    Args:
        platform: The name of the platform.
        requests: Requests in the month.
        lines: Every billed item, hidden costs included; empty if not ``carried``.
        highly_available: Whether the platform still answers after the loss of one zone.
        servers: Servers that run in the busiest hour; ``None`` if the platform has no servers.
        notes: Remarks that a reader should know before trusting the total.
        carried: Whether the platform can serve this much traffic.
        size: The size of the servers; empty if the platform has only one.
        sent_on: Requests that full servers forward to a function; ``None`` if they cannot.
    """

    platform: str
    requests: Decimal
    lines: tuple[Line, ...]
    highly_available: bool
    servers: int | None = None
    notes: tuple[str, ...] = ()
    carried: bool = True
    size: str = ""
    sent_on: Fraction | None = None

    @cached_property
    def total(self) -> Decimal:
        """USD a month, not rounded; infinite if the platform cannot serve the traffic."""
        return self._sum(lambda _: Fraction(1)) if self.carried else Decimal("Infinity")

    @property
    def low(self) -> Decimal:
        """The total with every range of prices at its low end."""
        return self._sum(lambda line: Fraction(line.spread[0])) if self.carried else self.total

    @property
    def high(self) -> Decimal:
        """The total with every range of prices at its high end."""
        return self._sum(lambda line: Fraction(line.spread[1])) if self.carried else self.total

    def _sum(self, weight: Callable[[Line], Fraction]) -> Decimal:
        parts = (Fraction(line.amount) * weight(line) for line in self.lines)
        return exact(sum(parts, Fraction(0)))


def cost_curve(charges: Sequence[Charge], servers: Servers) -> SteppedCurve:
    """Return the sum of the charges, USD a month by requests a month.

    Args:
        charges: The charges.
        servers: The running servers; the curve ends where they end.
    """
    straight = [(x.usage, Fraction(x.rate.value)) for x in charges if x.is_linear]
    fixed = sum((price * usage.fixed for usage, price in straight), Fraction(0))
    slope = sum((price * usage.per_request for usage, price in straight), Fraction(0))
    server_usd = sum((price * usage.per_server for usage, price in straight), Fraction(0))
    surpluses = [x for x in charges if x.is_surplus and servers.stairs]
    bent = [x for x in charges if not x.is_linear and x not in surpluses]
    alone = tuple((x.rate.tiers, x.allowance, x.usage) for x in bent if not x.usage.per_server)
    smooth = _without_servers(alone).tilted(slope, fixed)
    if with_servers := [x for x in bent if x.usage.per_server]:
        smooth = total([smooth, *(_with_servers(charge, servers) for charge in with_servers)])
    stairs = tuple(replace(s, height=s.height * server_usd) for s in servers.stairs)
    surplus = tuple(_surplus(x, servers) for x in surpluses)
    return SteppedCurve(smooth, stairs, servers.end, surplus)


def _with_servers(charge: Charge, servers: Servers) -> Curve:
    return compose(charge.rate.tariff(charge.allowance), charge.usage.curve(servers))


@lru_cache(maxsize=256)
def _without_servers(charges: tuple[tuple[tuple[Tier, ...], Decimal, Usage], ...]) -> Curve:
    """Return the sum of charges that do not depend on servers; many platforms share them."""
    curves = [
        compose(
            tiered([(tier.start, tier.price) for tier in tiers], allowance), usage.curve(Servers())
        )
        for tiers, allowance, usage in charges
    ]
    return total([constant(0), *curves])


def _surplus(charge: Charge, servers: Servers) -> Surplus:
    usage = charge.usage
    return Surplus(
        Fraction(usage.per_request),
        -Fraction(usage.per_server),
        Fraction(charge.rate.value),
        servers.running,
    )


def make_bill(
    platform: str,
    requests: Decimal,
    charges: Sequence[Charge],
    *,
    running: Fraction = Fraction(0),
    highly_available: bool,
    servers: int | None = None,
    notes: Sequence[str] = (),
) -> Bill:
    """Return the bill at one volume.

    Args:
        platform: The name of the platform.
        requests: Requests in the month.
        charges: The platform's charges.
        running: The mean number of running servers in the month.
        highly_available: See `Bill`.
        servers: See `Bill`.
        notes: Further notes, before those on unverified, negotiated and computed rates.
    """
    lines = tuple(_line(charge, requests, running) for charge in charges)
    doubtful = dict.fromkeys(
        f"the rate {line.rate.id} in {line.rate.region} is unverified"
        for line in lines
        if line.rate.confidence == "unverified" and line.quantity
    )
    agreed = dict.fromkeys(
        f"{line.rate.id} is set by hand: {line.rate.source} ({line.rate.seen}, {line.rate.note})"
        for line in lines
        if line.rate.confidence == NEGOTIATED and line.quantity
    )
    derived = [x.rate for x in lines if x.quantity and x.rate.source.startswith(DERIVED)]
    all_notes = (*notes, *doubtful, *agreed, *([derived_note(derived)] if derived else []))
    return Bill(platform, requests, lines, highly_available, servers, all_notes)


def _line(charge: Charge, requests: Decimal, running: Fraction) -> Line:
    quantity = charge.usage.at(Fraction(requests), running)
    if charge.is_linear:
        amount = quantity * Fraction(charge.rate.value)
    else:
        amount = charge.rate.tariff(charge.allowance).at(quantity)
    return Line(
        item=charge.item,
        quantity=exact(quantity),
        unit=charge.rate.unit,
        rate=charge.rate,
        amount=exact(amount),
        formula=charge.formula,
        spread=charge.spread,
        allowance=Decimal(charge.allowance),
    )
