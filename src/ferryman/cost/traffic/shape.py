"""The shape of a week: how much of the traffic comes in each of its 168 hours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError

__all__ = ("HOURS", "Shape", "preset", "preset_names")

HOURS = 168

_FIRST = "Monday 00:00"


@dataclass(frozen=True)
class Shape:
    """A week of traffic.

    Args:
        name: The name in tables.
        weights: The rate in each hour over the mean rate of the week, from Monday 00:00 on. Any
            168 numbers will do: they are scaled to a mean of 1.
        source: Where the weights come from.

    Raises:
        ConfigError: There are not 168 weights, a weight is negative, or all are zero.
    """

    name: str
    weights: tuple[Fraction, ...]
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.weights) != HOURS:
            raise ConfigError(
                f"{self.name}: a week has {HOURS} hours, not {len(self.weights)}",
                hint=f"give one weight per hour, from {_FIRST} on",
            )
        total = sum(self.weights)
        if min(self.weights) < 0 or not total:
            raise ConfigError(
                f"{self.name}: weights must not be negative, and one must be above zero"
            )
        scaled = tuple(Fraction(weight) * HOURS / total for weight in self.weights)
        object.__setattr__(self, "weights", scaled)

    @classmethod
    def of(
        cls, name: str, weights: Sequence[int | float | str | Decimal], source: str = ""
    ) -> Shape:
        """Return a shape from numbers of any kind; a float has the value that it prints.

        Raises:
            ConfigError: As the constructor does, or a weight is not a number.
        """
        try:
            exact = tuple(Fraction(str(weight)) for weight in weights)
        except (ValueError, ZeroDivisionError):
            raise ConfigError(f"{name}: a weight is not a number") from None
        return cls(name, exact, source)

    @property
    def peak(self) -> Decimal:
        """The rate in the busiest hour over the mean rate, rounded up to six decimals."""
        return Decimal(-(-max(self.weights) * 10**6 // 1)) / 10**6

    @cached_property
    def levels(self) -> tuple[tuple[Fraction, int], ...]:
        """The distinct weights, and how many hours of the week have each."""
        return tuple(sorted(Counter(self.weights).items()))


def preset_names() -> tuple[str, ...]:
    """Return the names of the shapes that ship with ferryman."""
    return tuple(_presets())


@cache
def preset(name: str) -> Shape:
    """Return a shape that ships with ferryman.

    Raises:
        ConfigError: No shape has that name.
    """
    presets = _presets()
    if name not in presets:
        from difflib import get_close_matches

        near = get_close_matches(name, presets, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise ConfigError(
            f"there is no traffic shape {name!r}", hint=f"{meant}there are {', '.join(presets)}"
        )
    row = presets[name]
    return Shape.of(name, row["weights"], row["source"])


@cache
def _presets() -> dict[str, Any]:
    text = Path(__file__).with_name("presets.json").read_text(encoding="utf-8")
    presets: dict[str, Any] = json.loads(text)
    return presets
