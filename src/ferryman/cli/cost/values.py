"""Texts of the command line as values: volumes, sizes, hosts, ranges, weeks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.platforms.flat import FlatHost
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import suggest
from ferryman.cost.traffic.shape import Shape, preset, preset_names

__all__ = (
    "disk",
    "field_name",
    "hosts",
    "log_format",
    "named",
    "number",
    "numbers",
    "optional_number",
    "task",
    "week",
)

_SUFFIXES = {"k": 3, "m": 6, "g": 9, "b": 9}

_FIELDS = {
    "memory": "memory_mib",
    "peak": "peak_to_mean",
    "cold-starts": "cold_start_share",
    "resident": "resident_mib",
    "in-flight": "in_flight_mib",
}
"""Flags whose names differ from the fields that they set."""


def _parse(flag: str, text: str) -> Decimal:
    power = _SUFFIXES.get(text[-1:].lower(), 0)
    try:
        found = Decimal(text[:-1] if power else text).scaleb(power)
        if not found.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise ConfigError(
            f"{flag}: {text!r} is not a number", hint="write it like 10M, 2.5k or 1e6"
        ) from None
    return found


def number(_: click.Context, parameter: click.Parameter, text: str) -> Decimal:
    """Return a number, which may end in k, M or G."""
    return _parse(parameter.opts[0], text)


def optional_number(
    _: click.Context, parameter: click.Parameter, text: str | None
) -> Decimal | None:
    """Return a number, or ``None`` where there is none."""
    return None if text is None else _parse(parameter.opts[0], text)


def numbers(_: click.Context, parameter: click.Parameter, texts: tuple[str]) -> list[Decimal]:
    """Return several numbers."""
    return [_parse(parameter.opts[0], text) for text in texts]


def task(_: click.Context, parameter: click.Parameter, text: str) -> tuple[Decimal, Decimal]:
    """Return vCPUs and GB."""
    vcpu, slash, memory = text.partition("/")
    if not slash:
        raise ConfigError(
            f"{parameter.opts[0]}: {text!r} is not a size of vCPUs and GB",
            hint="write vCPUs/GB, such as 0.25/0.5",
        )
    return _parse(parameter.opts[0], vcpu), _parse(parameter.opts[0], memory)


def disk(_: click.Context, parameter: click.Parameter, text: str | None) -> Disk | None:
    """Return a volume from ``GB``, ``GB/IOPS`` or ``GB/IOPS/MBPS``."""
    if text is None:
        return None
    numbers = [_parse(parameter.opts[0], part) for part in text.split("/")]
    whole = all(x < 10**9 and x == x.to_integral_value() for x in numbers)
    if len(numbers) > 3 or not whole:
        raise ConfigError(
            f"{parameter.opts[0]}: {text!r} is not a volume",
            hint="write GB, GB/IOPS or GB/IOPS/MBPS in whole numbers, such as 100/6000/250",
        )
    return Disk(*map(int, numbers))


def log_format(_: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Return the name of a format of logs.

    Raises:
        ConfigError: There is no such format.
    """
    if text is None:
        return None
    from ferryman.cost.traffic.formats.catalog import NAMES

    if text not in NAMES:
        raise ConfigError(
            f"{parameter.opts[0]}: there is no format {text!r}",
            hint=suggest(text, NAMES, "there are"),
        )
    return text


def named(
    _: click.Context, parameter: click.Parameter, texts: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Return pairs of the field of a workload and a text."""
    pairs = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(
                f"{parameter.opts[0]}: {text!r} is not NAME=RANGE", hint="write wall-ms=80:100:150"
            )
        pairs.append((field_name(name), value))
    return tuple(pairs)


def field_name(name: str) -> str:
    """Return the field of a workload that a flag's name, or its own, means."""
    return _FIELDS.get(name, name.replace("-", "_"))


def hosts(texts: Iterable[str], sizing: Sizing) -> tuple[FlatHost, ...]:
    """Return hosts of a flat price, from texts such as ``hetzner=4.5/2/4``.

    Raises:
        ConfigError: A text says something else.
    """
    found = []
    for text in texts:
        label, equals, rest = text.partition("=")
        parts = rest.split("/")
        if not (label and equals and len(parts) == 3):
            raise ConfigError(
                f"--flat: {text!r} is not a host",
                hint="write NAME=USD/vCPUs/GB, such as hetzner=4.5/2/4",
            )
        usd, vcpu, memory = (_parse("--flat", part) for part in parts)
        found.append(FlatHost(label, usd, vcpu, memory, sizing))
    return tuple(found)


def week(text: str) -> Shape:
    """Return a preset, or the shape that a JSON file of 168 weights gives.

    Raises:
        ConfigError: It is neither.
    """
    if text in preset_names() or not text.endswith(".json"):
        return preset(text)
    try:
        weights = json.loads(Path(text).read_text(encoding="utf-8"), parse_float=str)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--shape: {text} cannot be read", cause=reason_of(error)) from error
    if not isinstance(weights, list):
        raise ConfigError(f"--shape: {text} is not a list", hint="it must hold 168 numbers")
    return Shape.of(text, weights, f"the weights of {text}")
