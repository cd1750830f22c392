"""Uncertain inputs: the range of each, and how likely its values are."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Literal

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.book import suggest
from ferryman.cost.units import FIELD_UNITS, NUMBER, parse_number
from ferryman.cost.workload import LIMITS, NOT_NUMBERS, Inputs, Workload

__all__ = ("RANGED", "Range", "parse_range", "usual_ranges")

RANGED = tuple(field.name for field in fields(Inputs) if field.name not in NOT_NUMBERS)
"""The inputs that can be given as ranges."""

_FACTORS = {
    "wall_ms": ("0.8", "1.25"),
    "cpu_ms": ("0.8", "1.25"),
    "peak_to_mean": ("0.914", "1.257"),
    "cold_start_share": ("0.5", "4"),
    "response_bytes": ("0.5", "2"),
    "log_bytes": ("0.5", "2"),
    "in_flight_mib": ("0.5", "2"),
    "cpu_variation": ("0.5", "2"),
    "arrival_variation": ("0.8", "1.2"),
}
"""The usual ends of an input's range, relative to its value. Those of the busiest hour are 1.6 and
2.2 over 1.75, from two public traces; the others are assumed."""


@dataclass(frozen=True, slots=True)
class Range:
    """The range of an uncertain input.

    Args:
        low: The lowest possible value; for ``normal`` and ``lognormal`` the 5th percentile.
        mode: The most likely value; the mean of ``normal``, the median of ``lognormal``.
        high: The highest possible value; for ``normal`` and ``lognormal`` the 95th percentile.
        kind: The distribution. ``uniform`` does not use ``mode``.

    Raises:
        ConfigError: The three are not in order, or not positive for ``lognormal``.
    """

    low: Decimal
    mode: Decimal
    high: Decimal
    kind: Literal["triangular", "uniform", "normal", "lognormal"] = "triangular"

    def __post_init__(self) -> None:
        finite = all(x.is_finite() for x in (self.low, self.mode, self.high))
        if not finite or not self.low <= self.mode <= self.high:
            raise ConfigError(
                f"{self.low}:{self.mode}:{self.high} is not a range",
                hint="write LOW:HIGH or LOW:LIKELY:HIGH, in this order",
            )
        if self.kind == "lognormal" and self.low <= 0:
            raise ConfigError(f"{self.low}: a lognormal range lies above 0")

    def quantile(self, share: Any) -> Any:
        """Return the values below which these shares of the draws lie."""
        import numpy

        low, mode, high = (float(x) for x in (self.low, self.mode, self.high))
        if low == high:
            return low + 0 * share
        if self.kind == "uniform":
            return low + (high - low) * share
        if self.kind in ("normal", "lognormal"):
            return self._bell(share)
        turn = (mode - low) / (high - low)
        up = low + numpy.sqrt(share * (high - low) * (mode - low))
        down = high - numpy.sqrt((1 - share) * (high - low) * (high - mode))
        return numpy.where(share < turn, up, down)

    def _bell(self, share: Any) -> Any:
        import numpy

        normal = _normal_quantile(share) / _Z95
        low, mode, high = (float(x) for x in (self.low, self.mode, self.high))
        if self.kind == "lognormal":
            low, mode, high = numpy.log((low, mode, high))
        value = mode + numpy.where(normal < 0, (mode - low) * normal, (high - mode) * normal)
        return numpy.exp(value) if self.kind == "lognormal" else value


_Z95 = 1.6448536269514722


def _normal_quantile(share: Any) -> Any:
    """Return quantiles of the standard normal distribution, interpolated in a fine table."""
    from statistics import NormalDist

    import numpy

    known = (numpy.arange(2000) + 0.5) / 2000
    normal = NormalDist()
    return numpy.interp(share, known, [normal.inv_cdf(float(x)) for x in known])


def parse_range(name: str, text: str) -> Range:
    """Return the range in a text: ``LOW:HIGH`` or ``LOW:LIKELY:HIGH``, then ``:KIND`` or nothing.

    Args:
        name: The input.
        text: Such as ``80:150``, ``80:100:150`` or ``80:100:150:lognormal``.

    Raises:
        ConfigError: The text has another form, or the range exceeds the input's limits.
    """
    if name not in RANGED:
        raise ConfigError(f"there is no input {name!r}", hint=suggest(name, RANGED, "there are"))
    parts = text.split(":")
    kind = parts.pop() if parts[-1] in ("triangular", "uniform", "normal", "lognormal") else ""
    unit_of_input = FIELD_UNITS.get(name, NUMBER)
    numbers = [parse_number(part, unit_of_input, name) for part in parts]
    if len(numbers) == 2:
        low, high = numbers
        numbers, kind = [low, (low + high) / 2, high], kind or "uniform"
    if len(numbers) != 3:
        raise ConfigError(f"{name}: {text!r} is not a range", hint="write 80:100:150")
    least, most, unit = LIMITS[name]
    finite = all(number.is_finite() for number in numbers)
    if not finite or not least <= numbers[0] <= numbers[2] <= most:
        raise ConfigError(
            f"{name}: {text!r} is out of range or not in order",
            hint=f"it may be {least.normalize():f} to {most.normalize():f} ({unit})",
        )
    return Range(numbers[0], numbers[1], numbers[2], kind or "triangular")  # type: ignore[arg-type]


def usual_ranges(workload: Workload) -> dict[str, Range]:
    """Return the usual ranges of a workload's inputs, from `_FACTORS`."""
    found = {}
    for name, (low, high) in _FACTORS.items():
        value: Decimal = getattr(workload, name)
        least, most, _ = LIMITS[name]
        if value:
            ends = (max(least, value * Decimal(low)), min(most, value * Decimal(high)))
            found[name] = Range(ends[0], value, ends[1])
    return found
