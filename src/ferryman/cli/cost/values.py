"""Parses texts of the command line: numbers with units, sizes, hosts, ranges, weeks.

Each reader takes the flag, for errors, and a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.catalog import platform_names
from ferryman.cost.platforms.flat import FlatHost
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.free_tier import FREE_TIERS
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import suggest
from ferryman.cost.ranges import RANGED, Range, parse_range
from ferryman.cost.traffic.shape import Shape, preset, preset_names
from ferryman.cost.units import (
    FIELD_UNITS,
    HOURS,
    MILLISECONDS,
    NUMBER,
    REQUESTS,
    SECONDS,
    SHARE,
    USD,
    Unit,
    parse_number,
)
from ferryman.cost.workload import LIMITS

__all__ = (
    "a_budget",
    "a_currency",
    "a_disk",
    "a_log_format",
    "a_period",
    "a_platform",
    "a_range",
    "a_share",
    "a_task",
    "a_tax",
    "a_volume",
    "a_week",
    "above_nothing",
    "an_input",
    "field_name",
    "field_number",
    "flat_hosts",
    "free_tier_names",
    "hours",
    "hours_of_work",
    "milliseconds",
    "number",
    "requests",
    "runs",
    "seconds",
    "three_rates",
)

KINDS = ("lambda", "server", "k8s")
"""The kinds of platforms that hours of work are given for."""

_FIELDS = {
    "memory": "memory_mib",
    "peak": "peak_to_mean",
    "cold-starts": "cold_start_share",
    "resident": "resident_mib",
    "in-flight": "in_flight_mib",
}
"""Flags whose names differ from the fields that they set."""


_METAVARS = {
    "a number": "NUMBER",
    "requests a month": "REQUESTS",
    "milliseconds": "MS",
    "seconds": "SECONDS",
    "hours": "HOURS",
    "bytes": "BYTES",
    "MiB": "MIB",
    "a share": "SHARE",
    "USD": "USD",
}


@dataclass(frozen=True, slots=True)
class _In:
    """Reads a number in a unit."""

    unit: Unit
    above_nothing: bool = False

    def __call__(self, flag: str, text: str) -> Decimal:
        found = parse_number(text, self.unit, flag)
        if self.above_nothing and not found > 0:
            raise ConfigError(f"{flag}: {text} is not a number above 0")
        return found

    @property
    def metavar(self) -> str:
        """The metavar in help texts."""
        return _METAVARS[self.unit.name]


def _in(unit: Unit) -> _In:
    return _In(unit)


number, a_share = _in(NUMBER), _in(SHARE)
requests, milliseconds, seconds, hours = map(_in, (REQUESTS, MILLISECONDS, SECONDS, HOURS))


def above_nothing(read: _In) -> _In:
    """Return the reader of a number above 0."""
    return _In(read.unit, above_nothing=True)


def field_number(name: str) -> _In:
    """Return the reader of a field of the workload, in the field's unit."""
    return _in(FIELD_UNITS.get(name, NUMBER))


def field_name(name: str) -> str:
    """Return the workload field that a name means: a flag's name, or the field's own."""
    return _FIELDS.get(name.replace("_", "-"), name.replace("-", "_"))


def a_budget(flag: str, text: str) -> Decimal:
    """Return an amount in USD.

    Raises:
        ConfigError: The text is not a number, or below 0.
    """
    amount = parse_number(text, USD, flag)
    if amount < 0:
        raise ConfigError(f"{flag}: {amount} USD is below 0", hint="give 0 or more")
    return amount


def a_currency(flag: str, text: str) -> tuple[str, Decimal]:
    """Return a currency and its exchange rate for one USD, from ``EUR=0.92``.

    Raises:
        ConfigError: The text does not have this form.
    """
    name, equals, rate = map(str.strip, text.partition("="))
    if not (equals and re.fullmatch("[A-Za-z]{3}", name, re.ASCII)):
        raise ConfigError(f"{flag}: {text!r} is not CODE=RATE", hint="write EUR=0.92")
    per_usd = number(flag, rate)
    if not 0 < per_usd <= 10**9:
        raise ConfigError(f"{flag}: {rate} is out of range", hint="the exchange rate for one USD")
    return name.upper(), per_usd


def a_tax(flag: str, text: str) -> Decimal:
    """Return a tax rate as a share.

    Raises:
        ConfigError: The text is not a share of 0 to 1,000 %.
    """
    share = a_share(flag, text)
    if not 0 <= share <= 10:
        raise ConfigError(f"{flag}: {text} is out of range", hint="write 19% or 0.19")
    return share


def a_volume(flag: str, text: str) -> Decimal:
    """Return a number of requests a month, from a count or a rate.

    Raises:
        ConfigError: The text is not valid, or the number is out of range.
    """
    found, (low, high, unit) = requests(flag, text), LIMITS["requests"]
    if not low <= found <= high:
        raise ConfigError(
            f"{flag}: {text} is out of range", hint=f"give {low} to {plain(high)} {unit}"
        )
    return found


def a_period(flag: str, text: str) -> str:
    """Return a length of time.

    Raises:
        ConfigError: The text is not a length of time.
    """
    if not re.fullmatch(r"(?!0+\D)\d{1,5}[mhdw]", text, re.ASCII):
        raise ConfigError(
            f"{flag}: {text!r} is not a length of time", hint="write 90m, 12h, 7d or 4w"
        )
    return text


def a_platform(flag: str, text: str) -> str:
    """Return the name of a platform.

    Raises:
        ConfigError: There is no such platform.
    """
    known = platform_names()
    if text not in known:
        raise ConfigError(
            f"{flag}: there is no platform {text!r}", hint=suggest(text, known, "there are")
        )
    return text


def an_input(flag: str, text: str) -> str:
    """Return the name of an input that a scan may go over.

    Raises:
        ConfigError: There is no such input.
    """
    if field_name(text) not in RANGED:
        names = {field: flag for flag, field in _FIELDS.items()}
        known = [names.get(name, name.replace("_", "-")) for name in RANGED]
        raise ConfigError(
            f"{flag}: there is no input {text!r}",
            hint="the answer already shows all numbers of requests"
            if text == "requests"
            else suggest(text, known, "there are"),
        )
    return text


def a_task(flag: str, text: str) -> tuple[Decimal, Decimal]:
    """Return vCPUs and GB.

    Raises:
        ConfigError: The text does not have this form.
    """
    vcpu, slash, memory = text.partition("/")
    if not slash:
        raise ConfigError(
            f"{flag}: {text!r} is not a size of vCPUs and GB",
            hint="write vCPUs/GB, such as 0.25/0.5",
        )
    return number(flag, vcpu), number(flag, memory)


def three_rates(flag: str, text: str) -> tuple[Decimal, Decimal, Decimal]:
    """Return three prices, from ``0.2/0.1/0.01``.

    Raises:
        ConfigError: The text does not have this form.
    """
    rates = tuple(a_budget(flag, part) for part in text.split("/"))
    if len(rates) != 3 or max(rates) > 10**6:
        raise ConfigError(
            f"{flag}: {text!r} is not three prices", hint="write REQUESTS/CPU/MEMORY in USD"
        )
    return rates[0], rates[1], rates[2]


def a_disk(flag: str, text: str) -> Disk:
    """Return a volume from ``GB``, ``GB/IOPS`` or ``GB/IOPS/MBPS``.

    Raises:
        ConfigError: The text does not have this form.
    """
    numbers = [number(flag, part) for part in text.split("/")]
    whole = all(x < 10**9 and x == x.to_integral_value() for x in numbers)
    if len(numbers) > 3 or not whole:
        raise ConfigError(
            f"{flag}: {text!r} is not a volume",
            hint="write GB, GB/IOPS or GB/IOPS/MBPS in whole numbers, such as 100/6000/250",
        )
    return Disk(*map(int, numbers))


def free_tier_names(flag: str, text: str) -> frozenset[str]:
    """Return the names of used-up free tiers, from ``all``, ``none``, or names between commas.

    Raises:
        ConfigError: A name is not a free tier.
    """
    if text in ("all", "none"):
        return frozenset(FREE_TIERS if text == "all" else ())
    names = frozenset(name.strip() for name in text.split(","))
    for name in sorted(names - set(FREE_TIERS)):
        raise ConfigError(
            f"{flag}: there is no free tier {name!r}",
            hint=suggest(name, ("all", "none", *FREE_TIERS), "there are"),
        )
    return names


def runs(flag: str, text: str) -> tuple[int, Decimal]:
    """Return the runs in a month and the seconds of each, from ``30x10min``.

    Raises:
        ConfigError: The text does not have this form.
    """
    count, _, length = text.partition("x")
    if not (count.isdecimal() and int(count)):
        raise ConfigError(
            f"{flag}: {text!r} is not RUNSxTIME", hint="write 30x10min or 22x8h, for a month"
        )
    return int(count), above_nothing(seconds)(flag, length)


def hours_of_work(flag: str, text: str) -> dict[str, Decimal]:
    """Return hours of work a month, by kind of platform, from ``server=2,lambda=0.5``.

    Raises:
        ConfigError: The text does not have this form.
    """
    found = {}
    for part in text.split(","):
        kind, equals, amount = map(str.strip, part.partition("="))
        if not equals or kind not in KINDS:
            raise ConfigError(
                f"{flag}: {part.strip()!r} is not KIND=HOURS",
                hint=f"write server=2,lambda=0.5; there are {', '.join(KINDS)}",
            )
        found[kind] = hours(flag, amount)
        if not 0 <= found[kind] <= 10**6:
            raise ConfigError(f"{flag}: {amount} is out of range", hint="give hours of a month")
    return found


def a_log_format(flag: str, text: str) -> str:
    """Return the name of a format of logs.

    Raises:
        ConfigError: There is no such format.
    """
    from ferryman.cost.traffic.formats.catalog import NAMES

    if text not in NAMES:
        raise ConfigError(
            f"{flag}: there is no format {text!r}", hint=suggest(text, NAMES, "there are")
        )
    return text


def a_range(flag: str, text: str) -> tuple[str, Range]:
    """Return a field of the workload and its range.

    Raises:
        ConfigError: The text is not NAME=RANGE, or there is no such input.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"{flag}: {text!r} is not NAME=RANGE", hint="write wall-ms=80:100:150")
    return field_name(name), parse_range(field_name(name), value)


def flat_hosts(texts: Iterable[str], sizing: Sizing) -> tuple[FlatHost, ...]:
    """Return hosts with a flat price, from texts such as ``hetzner=4.5/2/4``.

    Raises:
        ConfigError: A text is not NAME=USD/vCPUs/GB.
    """
    return tuple(map(partial(_flat_host, sizing=sizing), texts))


def _flat_host(text: str, sizing: Sizing) -> FlatHost:
    label, equals, rest = text.partition("=")
    parts = rest.split("/")
    if not (label and equals and len(parts) == 3):
        raise ConfigError(
            f"--flat: {text!r} is not a host",
            hint="write NAME=USD/vCPUs/GB, such as hetzner=4.5/2/4",
        )
    usd, vcpu, memory = (number("--flat", part) for part in parts)
    return FlatHost(label, usd, vcpu, memory, sizing)


def a_week(flag: str, text: str) -> Shape:
    """Return a preset, or the shape that a JSON file of 168 weights gives.

    Raises:
        ConfigError: The text is neither a preset nor a readable file of 168 weights.
    """
    if text in preset_names() or not text.endswith(".json"):
        return preset(text)
    try:
        weights = json.loads(Path(text).read_text(encoding="utf-8"), parse_float=str)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{flag}: {text} cannot be read", cause=reason_of(error)) from error
    if not isinstance(weights, list):
        raise ConfigError(f"{flag}: {text} is not a list", hint="it must hold 168 numbers")
    return Shape.of(text, weights, f"the weights of {text}")
