"""Adds up the charges of several applications of one account, which share free tier and balancer.

Fixed units are charged once, however many applications share them. Units by requests and by servers
add up, and the tariff with its allowance applies to the sum. It knows no platform.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ferryman.cost.bill import Charge, Line
from ferryman.cost.number_format import exact

__all__ = ("Pool", "PoolOfFloats")

Key = tuple[str, str, str]
Tiers = tuple[tuple[float, float], ...]
"""Where each tier begins, and the rise of the price there."""


@dataclass(slots=True)
class Pool:
    """The units that several applications use together.

    Attributes:
        units: By `Charge.key`: the charge and its units.
    """

    units: dict[Key, tuple[Charge, Fraction]] = field(default_factory=dict)

    def add(self, charges: Iterable[Charge], requests: Fraction) -> None:
        """Add the units of an application without its servers; fixed units are added once."""
        for charge in charges:
            usage = charge.usage
            if usage.has_limits:
                fixed, used = Fraction(0), usage.at(requests, Fraction(0))
            else:
                fixed, used = Fraction(usage.fixed), Fraction(usage.per_request * requests)
            self._add(charge, used, fixed)

    def add_servers(self, charges: Iterable[Charge], servers: int) -> None:
        """Add the units of a number of servers, whatever runs on them."""
        for charge in charges:
            self._add(charge, Fraction(charge.usage.per_server) * servers, Fraction(0))

    def _add(self, charge: Charge, used: Fraction, fixed: Fraction) -> None:
        _, before = self.units.get(charge.key, (charge, fixed))
        self.units[charge.key] = (charge, before + used)

    def lines(self) -> Iterator[Line]:
        """Yield the bill's lines."""
        left: dict[str, Fraction] = {}
        for charge, units in self.units.values():
            used = max(Fraction(0), units)
            # The first item that the account's allowance covers uses it up.
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
    """The same sums in floats, for thousands of combinations of applications.

    Args:
        charges: The charges of each application, by its name.
    """

    def __init__(self, charges: Mapping[str, Sequence[Charge]]) -> None:
        self._rates: list[Tiers] = []
        self._fixed: list[float] = []
        self._each: dict[str, list[tuple[int, float]]] = {}
        self._limited: dict[str, list[tuple[int, Charge]]] = {}
        places: dict[Key, int] = {}
        covered: set[str] = set()
        for name, own in charges.items():
            self._each[name], self._limited[name] = [], []
            for charge in own:
                if charge.key not in places:
                    places[charge.key] = len(self._rates)
                    free = 0.0 if charge.rate.id in covered else float(charge.allowance)
                    covered.add(charge.rate.id)
                    self._rates.append(charge.price_steps(free))
                    self._fixed.append(float(charge.usage.fixed))
                place = places[charge.key]
                if charge.usage.has_limits:
                    self._limited[name].append((place, charge))
                else:
                    self._each[name].append((place, float(charge.usage.per_request)))

    def total(self, volumes: Mapping[str, Fraction]) -> float:
        """Return USD a month of some applications; 0 for none of them."""
        if not volumes:
            return 0.0
        units = [0.0] * len(self._rates)
        shared = set[int]()
        for name, volume in volumes.items():
            requests = float(volume)
            for place, each in self._each[name]:
                units[place] += each * requests
                shared.add(place)
            for place, charge in self._limited[name]:
                units[place] += float(charge.usage.at(Fraction(volume), Fraction(0)))
        for place in shared:
            units[place] += self._fixed[place]
        return sum(
            step * (used - start)
            for used, tiers in zip(units, self._rates, strict=True)
            for start, step in tiers
            if used > start
        )
