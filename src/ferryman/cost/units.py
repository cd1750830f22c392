"""Parses numbers as people write them: ``3,000,000``, ``100/s``, ``200ms``, ``0.5GB``, ``10%``.

A unit says what a bare number means, and which suffixes are accepted. As at AWS, a KB is 1,024
bytes, and a MB is 1,024 KB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import MONTH_HOURS

__all__ = (
    "BYTES",
    "FIELD_UNITS",
    "HOURS",
    "MEBIBYTES",
    "MILLISECONDS",
    "NUMBER",
    "REQUESTS",
    "SECONDS",
    "SHARE",
    "USD",
    "Unit",
    "parse_number",
)

_THOUSANDS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}

_NUMBER = re.compile(r"([+-]?(?:\d[\d,_]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*(.*)", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[,_]\d{3})+(?:\.\d*)?")
_RATE = re.compile(
    r"([kmgbt]?)\s*(?:req(?:uest)?s?|r)?\s*(?:(?:/|\bper\b|\ban?\b|p(?=[sm]$))\s*([a-z]+))?"
)

_A_MONTH = {
    **dict.fromkeys(("s", "sec", "second"), Decimal(MONTH_HOURS * 3600)),
    **dict.fromkeys(("m", "min", "minute"), Decimal(MONTH_HOURS * 60)),
    **dict.fromkeys(("h", "hr", "hour"), Decimal(MONTH_HOURS)),
    **dict.fromkeys(("d", "day"), Decimal(MONTH_HOURS) / 24),
    **dict.fromkeys(("w", "week"), Decimal(MONTH_HOURS) / 168),
    **dict.fromkeys(("mo", "month"), Decimal(1)),
    **dict.fromkeys(("y", "yr", "year"), Decimal(1) / 12),
}
"""How many of each period there are in a month."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The meaning of a bare number, and the accepted suffixes.

    Args:
        name: What a bare number counts.
        factors: Suffixes in lower case with their factors; ``""`` for no suffix.
        example: How to write a number, for a hint.
        is_rate: Whether a number may be per second, minute, hour, day, week, month or year.
    """

    name: str
    factors: Mapping[str, Decimal | int]
    example: str
    is_rate: bool = False


NUMBER = Unit("a number", _THOUSANDS, "10M, 2.5k or 1e6")

REQUESTS = Unit(
    "requests a month", _THOUSANDS, "10M, 3,000,000, 100/s or 5k/day (a month by itself)", True
)

MILLISECONDS = Unit(
    "milliseconds",
    {
        **{"": 1, "k": 1000, "ms": 1, "us": Decimal("0.001"), "µs": Decimal("0.001")},
        **{"s": 1000, "sec": 1000, "min": 60_000, "h": 3_600_000},
    },
    "200, 200ms, 1.5s or 2min",
)

SECONDS = Unit(
    "seconds",
    {"": 1, "k": 1000, "ms": Decimal("0.001"), "s": 1, "sec": 1, "min": 60, "h": 3600},
    "90, 90s or 10min",
)

HOURS = Unit("hours", {"": 1, "h": 1, "d": 24, "min": Decimal(1) / 60}, "120, 120h or 5d")

BYTES = Unit(
    "bytes",
    {
        **{"": 1, "b": 1, "byte": 1, "bytes": 1, "k": 10**3, "m": 10**6, "g": 10**9},
        **dict.fromkeys(("kb", "kib"), 2**10),
        **dict.fromkeys(("mb", "mib"), 2**20),
        **dict.fromkeys(("gb", "gib"), 2**30),
    },
    "20480, 20KB or 1.5MB",
)

MEBIBYTES = Unit(
    "MiB",
    {
        **dict.fromkeys(("", "m", "mb", "mib"), 1),
        **dict.fromkeys(("g", "gb", "gib"), 2**10),
        **dict.fromkeys(("kb", "kib"), Decimal(1) / 2**10),
    },
    "512, 512MB or 0.5GB",
)

SHARE = Unit("a share", {"": 1, "%": Decimal("0.01")}, "0.1 or 10%")

USD = Unit("USD", {**_THOUSANDS, "usd": 1, "$": 1}, "50, $50 or 50 USD")

FIELD_UNITS: Mapping[str, Unit] = {
    "requests": REQUESTS,
    **dict.fromkeys(("wall_ms", "cpu_ms", "init_ms"), MILLISECONDS),
    **dict.fromkeys(("memory_mib", "resident_mib", "in_flight_mib"), MEBIBYTES),
    **dict.fromkeys(
        ("response_bytes", "request_bytes", "log_bytes", "cross_zone_bytes", "nat_bytes"), BYTES
    ),
    **dict.fromkeys(("cold_start_share", "growth"), SHARE),
}
"""The units of fields of `Workload`; the other fields are plain numbers."""


def parse_number(text: str, unit: Unit, label: str) -> Decimal:
    """Return the number in a text, converted to the unit.

    Args:
        text: Such as ``3,000,000``, ``100/s`` or ``0.5 GB``.
        unit: The unit.
        label: The name of the number, for an error.

    Raises:
        ConfigError: The text is not a number, or has a suffix that the unit does not accept.
    """
    found = _NUMBER.fullmatch(text.strip().removeprefix("$"))
    digits = found[1] if found else ""
    if re.search("[,_]", digits) and not _GROUPED.fullmatch(digits):
        raise _not_a_number(text, unit, label)
    try:
        number = Decimal(re.sub("[,_]", "", digits))
        factor = _rate(found[2].lower()) if found and unit.is_rate else None
        if factor is None:
            factor = Decimal(unit.factors[found[2].lower() if found else "?"])
    except (InvalidOperation, KeyError):
        raise _not_a_number(text, unit, label) from None
    return round(number * factor, 6) if factor % 1 else number * factor


def _rate(suffix: str) -> Decimal | None:
    """Return the factor to requests a month of a suffix; ``None`` if it is not a rate."""
    found = _RATE.fullmatch(suffix)
    if found is None:
        return None
    thousands = Decimal(_THOUSANDS[found[1]])
    if found[2] is None:
        return thousands
    return thousands * _A_MONTH[found[2].removesuffix("s") or "s"]


def _not_a_number(text: str, unit: Unit, label: str) -> ConfigError:
    counted = "" if unit is NUMBER else f" of {unit.name}"
    if unit is SHARE or unit is USD:
        counted = ""
    return ConfigError(
        f"{label}: {text!r} is not a number{counted}", hint=f"write it like {unit.example}"
    )
