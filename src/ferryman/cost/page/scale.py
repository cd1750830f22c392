"""Converts values to places in a picture, and finds round values for an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ("Scale", "apart", "decades", "round_steps")


@dataclass(frozen=True, slots=True)
class Scale:
    """A range of values along a line.

    Args:
        low: The value at ``start``.
        high: The value at ``stop``.
        start: The place of ``low``, in units of the picture.
        stop: The place of ``high``. It may be less than ``start``: in SVG, y rises downward.
        log: Whether the scale is logarithmic; then ``low`` must be above zero.
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value; on a log scale, values far below ``low`` share a place."""
        if self.log:
            share = math.log(max(value, self.low / 100) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + (self.stop - self.start) * share

    def within(self, value: float) -> float:
        """Return the place of a value, limited to the ends of the scale."""
        return self.at(min(max(value, self.low), self.high))


def decades(low: float, high: float) -> Iterator[float]:
    """Yield the powers of ten in a range; in a small range also round values between them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors: tuple[float, ...] = (1,)
    if high / low < 1000:
        factors = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 6, 8)
    for power in powers:
        for factor in factors:
            if low <= (value := factor * 10.0**power) <= high:
                yield value


def round_steps(high: float, most: int = 5) -> Iterator[float]:
    """Yield round, evenly spaced values from zero up to ``high``, in at most ``most`` steps."""
    rough = high / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(x * power for x in (1, 2, 2.5, 5, 10) if x * power >= rough)
    for count in range(int(high / step + 1e-9) + 1):
        yield count * step


def apart(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Return the places, moved so that they are at least ``gap`` apart; their order stays.

    Args:
        places: The wanted places.
        gap: The least distance between two neighbours.
        low: The lowest allowed place.
        high: The highest allowed place; it is exceeded if there is not enough room.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    found = [0.0] * len(places)
    last = low - gap
    for index in order:
        last = found[index] = max(places[index], last + gap)
    limit = max(high, low + gap * (len(places) - 1))
    for index in reversed(order):
        limit = found[index] = min(found[index], limit)
        limit -= gap
    return found
