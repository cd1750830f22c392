"""Charges of several applications that one account pays together: one free tier, one balancer.

What is fixed is there once, however many applications share it; what goes by requests and by
servers adds up; a tariff and its allowance count for the sum. Knows no platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ferryman.cost.bill import Charge, Line
from ferryman.cost.number_format import exact

__all__ = ("Pool", "PoolOfFloats")

Key = tuple[str, str, str]
Tiers = list[tuple[float, float]]
"""Where each tier begins, and by how much it is dearer than the one before."""


@dataclass(slots=True)
class Pool:
    """What several applications use together.

    Attributes:
        units: Units by item and rate, each with the charge that they are of.
    """

    units: dict[Key, tuple[Charge, Fraction]] = field(default_factory=dict)

    def add(self, charges: Iterable[Charge], requests: Fraction) -> None:
        """Add what an application uses by its requests; what is fixed counts once."""
        for charge in charges:
            key = (charge.item, charge.rate.id, charge.rate.region)
            usage = charge.usage
            plain = usage.most is None and usage.beyond is None and not usage.least_per_request
            moved = usage.per_request * requests if plain else usage.at(requests, Fraction(0))
            fixed = Fraction(usage.fixed if plain else 0)
            _, before = self.units.get(key, (charge, fixed))
            self.units[key] = (charge, before + Fraction(moved))

    def add_servers(self, charges: Iterable[Charge], servers: int) -> None:
        """Add what so many servers use, whatever runs on them."""
        for charge in charges:
            key = (charge.item, charge.rate.id, charge.rate.region)
            _, before = self.units.get(key, (charge, Fraction(0)))
            self.units[key] = (charge, before + Fraction(charge.usage.per_server) * servers)

    def lines(self) -> Iterator[Line]:
        """Yield the bill's lines."""
        left: dict[str, Fraction] = {}
        for charge, units in self.units.values():
            used = max(Fraction(0), units)
            # An allowance of the account is used up by the first item that it covers.
            allowance = left.get(charge.rate.id, Fraction(charge.allowance))
            left[charge.rate.id] = max(Fraction(0), allowance - used)
            amount = charge.rate.tariff(allowance).at(used)
            yield Line(
                item=charge.item,
                quantity=exact(used),
                unit=charge.rate.unit,
                rate=charge.rate,
                amount=exact(amount),
                formula="all applications together",
                spread=charge.spread,
                allowance=exact(allowance),
            )


class PoolOfFloats:
    """The same sums, many times over, in floats.

    Args:
        charges: What each application is billed for, by its name.
    """

    def __init__(self, charges: Mapping[str, Sequence[Charge]]) -> None:
        self._rates: list[Tiers] = []
        self._fixed: list[float] = []
        self._each: dict[str, list[tuple[int, float]]] = {}
        self._odd: dict[str, list[tuple[int, Charge]]] = {}
        places: dict[Key, int] = {}
        covered: set[str] = set()
        for name, told in charges.items():
            self._each[name], self._odd[name] = [], []
            for charge in told:
                key = (charge.item, charge.rate.id, charge.rate.region)
                if key not in places:
                    places[key] = len(self._rates)
                    free = 0.0 if charge.rate.id in covered else float(charge.allowance)
                    covered.add(charge.rate.id)
                    self._rates.append(_tiers(charge, free))
                    self._fixed.append(float(charge.usage.fixed))
                usage = charge.usage
                if usage.most is None and usage.beyond is None and not usage.least_per_request:
                    self._each[name].append((places[key], float(usage.per_request)))
                else:
                    self._odd[name].append((places[key], charge))

    def total(self, volumes: Mapping[str, Fraction]) -> float:
        """Return USD a month of some applications; nothing where there is none."""
        if not volumes:
            return 0.0
        units = [0.0] * len(self._rates)
        shared = set[int]()
        for name, volume in volumes.items():
            requests = float(volume)
            for place, each in self._each[name]:
                units[place] += each * requests
                shared.add(place)
            for place, charge in self._odd[name]:
                units[place] += float(charge.usage.at(Fraction(volume), Fraction(0)))
        for place in shared:
            units[place] += self._fixed[place]
        return sum(
            step * (used - start)
            for used, tiers in zip(units, self._rates, strict=True)
            for start, step in tiers
            if used > start
        )


def _tiers(charge: Charge, free: float) -> Tiers:
    before, found = 0.0, []
    for tier in charge.rate.tiers:
        found.append((float(tier.start) + free, float(tier.price) - before))
        before = float(tier.price)
    return found
