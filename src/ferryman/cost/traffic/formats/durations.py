"""Finds the duration of a request in the fields that a server's configuration adds to its log.

A number is a duration only if the line shows it: by a name (``rt=0.025``, ``time_us=25000``), by a
unit (``247ms``), or by the server's way of writing. nginx writes seconds with three decimals,
gunicorn's ``%(L)s`` and aiohttp's ``%Tf`` with six. Sources: ngx_http_log_module, the logging
pages of Apache (mod_log_config), gunicorn, aiohttp and Traefik.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from statistics import median

__all__ = ("UNITS", "bare_number", "bare_unit", "duration_ms", "tail_duration_ms")

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
"""Milliseconds in a unit, by its name in ``--log-duration``."""

_SUFFIXES = {
    **dict.fromkeys((b"s", b"sec", b"seconds"), 1000.0),
    **dict.fromkeys((b"ms", b"msec", b"millis"), 1.0),
    **dict.fromkeys((b"us", "µs".encode(), b"usec", b"micros"), 0.001),
    **dict.fromkeys((b"ns", b"nanos"), 1e-6),
}

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(ms|s|us|µs|ns)?".encode())
_NAMED = re.compile(
    rb"\b(rt|request_time|reqtime|duration|latency|elapsed|took|time|time_taken|response_time)"
    rb'(?:_(us|usec|ms|msec|s|ns))?[=:] ?"?' + r"(-|\d+(?:\.\d+)?)(ms|s|us|µs|ns)?".encode(),
    re.IGNORECASE,
)
_UNIT = re.compile(r"(?:^|[\s\"])(\d+(?:\.\d+)?)(ms|µs|us|s|ns)(?=[\s\",]|$)".encode())
_SECONDS = re.compile(rb'(?:^|[\s"])(\d+\.\d{3})(?=[\s",]|$)')
_LONG_SECONDS = re.compile(rb'(?:^|[\s"])(\d+\.\d{6})(?=[\s",]|$)')
_COORDINATE = re.compile(rb'(?:^|[\s"])-\d+\.\d+')
_BOTH = re.compile(rb'(?:^|[\s"])\d+/(\d+)"?$')
_BARE = re.compile(rb'^"?(\d+)"?$')

_SECONDS_BY_NAME = (b"rt", b"request_time", b"reqtime", b"response_time", b"duration")
"""Names whose numbers are seconds if they have decimals."""

LEAST_US, MOST_S = 10_000, 10
"""A whole number without name or unit is microseconds if it is at least the first, and seconds if
it is below the second. Between them it may be milliseconds or a size."""


def duration_ms(text: bytes, default: float) -> float | None:
    """Return the milliseconds of a field such as ``0.025`` or ``25ms``; None for ``-``.

    Args:
        text: The field.
        default: Milliseconds in the unit of a number without a unit.

    Raises:
        ValueError: The field is not a duration.
    """
    if text in (b"-", b""):
        return None
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration")
    return float(match[1]) * (_SUFFIXES[match[2]] if match[2] else default)


def tail_duration_ms(tail: bytes, bare: float | None) -> float | None:
    """Return the duration in the part of a line after the fields that its format always has.

    Args:
        tail: That part of the line.
        bare: Milliseconds in the unit of a whole number that is the entire tail; ``None`` if
            such a number is not known to be a duration.
    """
    if named := _named(tail):
        return named[0]
    if match := _UNIT.search(tail):
        return float(match[1]) * _SUFFIXES[match[2]]
    if _COORDINATE.search(tail):
        return None
    if seconds := _SECONDS.findall(tail):
        # The whole request takes at least as long as each upstream server.
        return max(map(float, seconds)) * 1000
    longer = _LONG_SECONDS.findall(tail)
    if len(longer) == 1 and tail.rstrip(b' "').endswith(longer[0]):
        return float(longer[0]) * 1000
    if match := _BOTH.search(tail):
        return int(match[1]) / 1000
    match = _BARE.match(tail)
    return int(match[1]) * bare if match and bare is not None else None


def _named(tail: bytes) -> tuple[float | None] | None:
    """Return a tuple of the duration that has a name; ``None`` if no number has one."""
    for name, unit, number, suffix in _NAMED.findall(tail):
        if number == b"-":
            return (None,)
        if unit or suffix:
            return (float(number) * _SUFFIXES[(unit or suffix).lower()],)
        if name.lower() in _SECONDS_BY_NAME and b"." in number:
            return (float(number) * 1000,)
    return None


def bare_number(tail: bytes) -> int | None:
    """Return the whole number that is the entire tail; None if the tail is something else."""
    match = _BARE.match(tail)
    return int(match[1]) if match else None


def bare_unit(numbers: Iterable[int]) -> float | None:
    """Return the milliseconds in the unit that bare numbers must have; ``None`` if it is unclear.

    Apache's ``%D`` is in microseconds and its ``%T`` in whole seconds, but nginx's
    ``$request_length`` is in bytes.
    """
    values = list(numbers)
    if not values:
        return None
    middle = median(values)
    if middle >= LEAST_US:
        return UNITS["us"]
    return UNITS["s"] if middle < MOST_S else None
