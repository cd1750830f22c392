"""A month's bill: lines that say what was used, at which rate, and how that was reckoned.

A `Charge` is a line before the traffic is known: a usage curve and a rate. The same
charges give the bill at one volume and the cost curve over all volumes, so the two cannot
disagree. Knows no platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.curve import Curve, compose, total
from ferryman.cost.figures import exact
from ferryman.cost.prices.book import Rate

__all__ = ("Bill", "Charge", "Line", "cost_curve", "make_bill")


@dataclass(frozen=True, slots=True)
class Charge:
    """Something that is billed, whatever the traffic.

    Args:
        item: What it is, as a bill would say it.
        usage: Units used in a month, by requests in that month.
        rate: What a unit costs.
        formula: How the usage follows from the traffic, for a reader.
        allowance: Units a month that are free of charge.
    """

    item: str
    usage: Curve
    rate: Rate
    formula: str
    allowance: Decimal = Decimal(0)

    @property
    def cost(self) -> Curve:
        """USD a month, by requests a month."""
        return compose(self.rate.tariff(self.allowance), self.usage)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Args:
        item: What is billed.
        quantity: Units used in the month, before any allowance.
        unit: What a unit is.
        rate: The row of the price book, with its tiers, source and date.
        amount: USD a month, not rounded.
        formula: How the quantity was reckoned.
    """

    item: str
    quantity: Decimal
    unit: str
    rate: Rate
    amount: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What a platform costs in a month of given traffic.

    Args:
        platform: The name of the platform.
        requests: Requests in the month.
        lines: Everything that is billed, hidden costs included.
        highly_available: Whether the loss of one zone leaves something that answers.
        servers: Servers kept running; ``None`` where the platform keeps none.
        notes: What a reader must know before trusting the total.
    """

    platform: str
    requests: Decimal
    lines: tuple[Line, ...]
    highly_available: bool
    servers: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """USD a month, not rounded."""
        return exact(sum((Fraction(line.amount) for line in self.lines), Fraction(0)))


def cost_curve(charges: Sequence[Charge], horizon: Decimal) -> Curve:
    """Return the sum of the charges, USD a month by requests a month, up to ``horizon``."""
    return total([charge.cost for charge in charges]).until(horizon)


def make_bill(
    platform: str,
    requests: Decimal,
    charges: Sequence[Charge],
    *,
    highly_available: bool,
    servers: int | None = None,
    notes: Sequence[str] = (),
) -> Bill:
    """Return the bill at one volume.

    Args:
        platform: The name of the platform.
        requests: Requests in the month, no more than the charges' usage covers.
        charges: What the platform charges.
        highly_available: As `Bill` has it.
        servers: As `Bill` has it.
        notes: Put before the notes on rates that are not verified.
    """
    lines = tuple(_line(charge, requests) for charge in charges)
    doubtful = dict.fromkeys(
        f"the rate {line.rate.id} in {line.rate.region} is unverified"
        for line in lines
        if line.rate.confidence == "unverified" and line.quantity
    )
    return Bill(platform, requests, lines, highly_available, servers, (*notes, *doubtful))


def _line(charge: Charge, requests: Decimal) -> Line:
    quantity = charge.usage.at(requests)
    amount = charge.rate.tariff(charge.allowance).at(quantity)
    return Line(
        item=charge.item,
        quantity=exact(quantity),
        unit=charge.rate.unit,
        rate=charge.rate,
        amount=exact(amount),
        formula=charge.formula,
    )
