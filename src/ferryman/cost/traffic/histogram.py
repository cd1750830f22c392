"""The distribution of numbers in a fixed amount of memory: buckets that grow by 2%."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from ferryman.cost.traffic.remembered import Remembered

__all__ = ("ERROR", "Histogram")

ERROR = 0.01
"""The largest relative error of a percentile."""

_LOWEST = 1e-3
_PER_E = 1 / math.log((1 + ERROR) / (1 - ERROR))
_BUCKETS = math.ceil(math.log(1e12) * _PER_E) + 1


def _place(number: float) -> int:
    return int(math.log(number / _LOWEST) * _PER_E) + 1 if number >= _LOWEST else 0


_PLACES = Remembered(_place)


@dataclass(slots=True)
class Histogram:
    """Counts numbers from 0 to 1e9; all numbers below 0.001 share a bucket."""

    count: int = 0
    total: float = 0.0
    most: float = 0.0
    buckets: array[int] = field(default_factory=lambda: array("q", bytes(8 * _BUCKETS)))

    def add(self, number: float) -> None:
        """Count a number.

        Raises:
            ValueError: It is below 0, above 1e9 or not a number.
        """
        if not 0.0 <= number <= 1e9:
            raise ValueError(f"{number} is out of range")
        self.count += 1
        self.total += number
        if number > self.most:
            self.most = number
        self.buckets[_PLACES[number]] += 1

    @property
    def mean(self) -> float:
        """The exact mean; 0 without numbers."""
        return self.total / self.count if self.count else 0.0

    def parts(self) -> Iterator[tuple[float, int]]:
        """Yield each counted number, to within 1%, and how often it occurs."""
        for place, count in enumerate(self.buckets):
            if count:
                yield self._middle(place), count

    def percentile(self, share: float) -> float:
        """Return the number that a share of the numbers does not exceed, to within 1%."""
        wanted = max(1, math.ceil(self.count * share))
        seen = 0
        for place, count in enumerate(self.buckets):
            seen += count
            if seen >= wanted:
                return self._middle(place)
        return self.most

    def _middle(self, place: int) -> float:
        middle = _LOWEST * math.exp((place - 0.5) / _PER_E) if place else 0.0
        return min(middle, self.most)
