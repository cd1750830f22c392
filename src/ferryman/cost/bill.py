"""A month's bill: lines that say what was used, at which rate, and how that was reckoned.

A `Charge` is a line before the traffic is known: a usage and a rate. The same charges give
the bill at one volume, the cost curve over all volumes and the arrays of a simulation, so
they cannot disagree. Knows no platform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

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
from ferryman.cost.quantity import Quantity
from ferryman.cost.staircases import Flight, Staircase
from ferryman.cost.stepped_curve import SteppedCurve, Surplus

__all__ = ("Bill", "Charge", "Line", "Servers", "Usage", "cost_curve", "make_bill")


@dataclass(frozen=True, slots=True)
class Usage:
    """Units used in a month: a straight line in the requests and the servers.

    Args:
        fixed: Units at any traffic.
        per_request: Units for each request.
        per_server: Units for each server that runs all month.
        most: What it cannot exceed; ``None`` for no limit. It is never below zero.
        least_per_request: Units for each request that it is never below; not with ``most``.
        beyond: Requests a month up to which nothing is used, the fixed units included; only
            for a usage that is fixed from there on, such as a larger plan.
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
        """Whether no limit can ever bind."""
        if self.most is not None or self.beyond is not None or self.least_per_request:
            return False
        return all(part >= 0 for part in (self.fixed, self.per_request, self.per_server))

    def at(self, requests: Fraction, servers: Fraction) -> Fraction:
        """Return the units used at this many requests and servers."""
        if self.beyond is not None and requests <= self.beyond:
            return Fraction(0)
        units = self.fixed + self.per_request * requests + self.per_server * servers
        units = units if self.most is None else min(units, self.most)
        return Fraction(max(self.least_per_request * requests, units))

    def curve(self, servers: Servers) -> Curve:
        """Return the units used by requests a month, given the servers by requests."""
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
    """How many servers run, by requests a month.

    Args:
        stairs: What each part of the week contributes.
        end: The most requests that can be carried; ``None`` for no limit.
        horizon: How far a curve must reach where it is written out.
    """

    stairs: tuple[Staircase, ...] = ()
    end: Fraction | None = None
    horizon: Fraction = Fraction(1)

    @cached_property
    def running(self) -> Flight:
        """How many run, by requests a month."""
        return Flight(self.stairs)

    @property
    def curve(self) -> Curve:
        """The stairs written out: needed where a charge bends with the servers."""
        stop = self.horizon if self.end is None else min(self.end, self.horizon)
        return total(
            [staircase(s.width, s.least, stop).scaled(s.height) for s in self.stairs]
            or [constant(0)]
        )


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge that does not depend on the traffic.

    Args:
        item: What it is, as a bill would say it.
        usage: Units used in a month.
        rate: What a unit costs.
        formula: How the usage follows from the traffic, for a reader.
        allowance: Units a month that are free of charge.
        spread: Where the rate is not one price but a range: its ends as shares of it.
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
    def is_surplus(self) -> bool:
        """Whether it bills at one price what goes beyond an amount that each server brings."""
        usage = self.usage
        bounded = usage.most is not None or usage.beyond is not None or usage.least_per_request
        alone = not usage.fixed and not bounded and not self.allowance
        return bool(alone and usage.per_server < 0 and len(self.rate.tiers) == 1)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Args:
        item: The billed item.
        quantity: Units used in the month, before any allowance.
        unit: What a unit is.
        rate: The row of the price book, with its tiers, source and date.
        amount: USD a month, not rounded.
        formula: How the quantity was reckoned.
        spread: The ends of the range that the amount is from, as shares of it.
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
        """Units of the quantity that the allowance covers."""
        return min(self.quantity, self.allowance)


@dataclass(frozen=True)
class Bill:
    """The cost of a platform in a month of given traffic.

    Args:
        platform: The name of the platform.
        requests: Requests in the month.
        lines: Everything that is billed, hidden costs included; empty if not ``carried``.
        highly_available: Whether the loss of one zone leaves something that answers.
        servers: Servers kept for the busiest hour; ``None`` where the platform keeps none.
        notes: What a reader must know before trusting the total.
        carried: Whether the platform can carry this much traffic at all.
        size: Which of the platform's sizes it is for; empty where there is one.
        sent_on: Requests that go to a function because the servers are full; ``None`` where
            nothing can.
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
        """USD a month, not rounded; infinite where the traffic cannot be carried."""
        return self._sum(lambda _: Fraction(1)) if self.carried else Decimal("Infinity")

    @property
    def low(self) -> Decimal:
        """The total with every range of prices at its lower end."""
        return self._sum(lambda line: Fraction(line.spread[0])) if self.carried else self.total

    @property
    def high(self) -> Decimal:
        """The total with every range of prices at its upper end."""
        return self._sum(lambda line: Fraction(line.spread[1])) if self.carried else self.total

    def _sum(self, weight: Callable[[Line], Fraction]) -> Decimal:
        parts = (Fraction(line.amount) * weight(line) for line in self.lines)
        return exact(sum(parts, Fraction(0)))


def cost_curve(charges: Sequence[Charge], servers: Servers) -> SteppedCurve:
    """Return the sum of the charges, USD a month by requests a month.

    Args:
        charges: The charges.
        servers: Servers by requests; where they end, so does the sum.
    """
    straight = [(x.usage, Fraction(x.rate.value)) for x in charges if x.is_linear]
    fixed = sum((price * usage.fixed for usage, price in straight), Fraction(0))
    slope = sum((price * usage.per_request for usage, price in straight), Fraction(0))
    each = sum((price * usage.per_server for usage, price in straight), Fraction(0))
    beyond = [x for x in charges if x.is_surplus and servers.stairs]
    bent = [x for x in charges if not x.is_linear and x not in beyond]
    alone = tuple((x.rate.tiers, x.allowance, x.usage) for x in bent if not x.usage.per_server)
    smooth = _without_servers(alone).tilted(slope, fixed)
    if moved := [x for x in bent if x.usage.per_server]:
        smooth = total([smooth, *(_with_servers(charge, servers) for charge in moved)])
    stairs = tuple(replace(s, height=s.height * each) for s in servers.stairs)
    surplus = tuple(_surplus(x, servers) for x in beyond)
    return SteppedCurve(smooth, stairs, servers.end, surplus)


def _with_servers(charge: Charge, servers: Servers) -> Curve:
    return compose(charge.rate.tariff(charge.allowance), charge.usage.curve(servers))


@lru_cache(maxsize=256)
def _without_servers(charges: tuple[tuple[tuple[Tier, ...], Decimal, Usage], ...]) -> Curve:
    """Return the sum of charges that no server moves; many platforms have the same of them."""
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
        charges: What the platform charges.
        running: Servers that run, on the mean of the month.
        highly_available: As `Bill` has it.
        servers: As `Bill` has it.
        notes: Put before the notes on rates that are not verified.
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
    told = (*notes, *doubtful, *agreed, *([derived_note(derived)] if derived else []))
    return Bill(platform, requests, lines, highly_available, servers, told)


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
