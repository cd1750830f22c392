"""How long a request took, in the fields that a server's own configuration adds to its log.

Only a number that says it is a duration is one: by its name (``rt=0.025``, ``time_us=25000``),
by its unit (``247ms``), or by how its server writes it. nginx writes seconds with three decimals,
gunicorn's ``%(L)s`` and aiohttp's ``%Tf`` with six. Sources: ngx_http_log_module, the logging
pages of Apache (mod_log_config), gunicorn, aiohttp and Traefik.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from statistics import median

__all__ = ("UNITS", "bare_number", "bare_unit", "duration_ms", "tail_duration_ms")

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
"""Milliseconds in a unit, by the name that an option gives it."""

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
"""Names whose numbers are seconds where they have decimals."""

LEAST_US, MOST_S = 10_000, 10
"""A bare whole number is read as microseconds from so many on, and below so many as seconds.
Between them it may as well be milliseconds, or a size."""


def duration_ms(text: bytes, default: float) -> float | None:
    """Return a duration from a field that is one, such as ``0.025``, ``25ms`` or ``-`` for none.

    Args:
        text: The field.
        default: Milliseconds in the unit of a number that has none.

    Raises:
        ValueError: It is neither.
    """
    if text in (b"-", b""):
        return None
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration")
    return float(found[1]) * (_SUFFIXES[found[2]] if found[2] else default)


def tail_duration_ms(tail: bytes, bare: float | None) -> float | None:
    """Return the duration in what stands behind the fields that a format has for sure.

    Args:
        tail: The rest of the line.
        bare: Milliseconds in the unit of a whole number that is all of the tail; ``None``
            where such a number is not known to be a duration.
    """
    if named := _named(tail):
        return named[0]
    if found := _UNIT.search(tail):
        return float(found[1]) * _SUFFIXES[found[2]]
    if _COORDINATE.search(tail):
        return None
    if seconds := _SECONDS.findall(tail):
        # The time of the whole request is at least that of each server behind it.
        return max(map(float, seconds)) * 1000
    longer = _LONG_SECONDS.findall(tail)
    if len(longer) == 1 and tail.rstrip(b' "').endswith(longer[0]):
        return float(longer[0]) * 1000
    if found := _BOTH.search(tail):
        return int(found[1]) / 1000
    found = _BARE.match(tail)
    return int(found[1]) * bare if found and bare is not None else None


def _named(tail: bytes) -> tuple[float | None] | None:
    """Return the duration that is named one, ``None`` where no number is."""
    for name, unit, number, suffix in _NAMED.findall(tail):
        if number == b"-":
            return (None,)
        if unit or suffix:
            return (float(number) * _SUFFIXES[(unit or suffix).lower()],)
        if name.lower() in _SECONDS_BY_NAME and b"." in number:
            return (float(number) * 1000,)
    return None


def bare_number(tail: bytes) -> int | None:
    """Return the whole number that is all of a tail, if it is one."""
    found = _BARE.match(tail)
    return int(found[1]) if found else None


def bare_unit(numbers: Iterable[int]) -> float | None:
    """Return milliseconds in the unit that some bare numbers must have, ``None`` if any may be.

    Apache's ``%D`` are microseconds and its ``%T`` whole seconds, but nginx's
    ``$request_length`` are bytes.
    """
    known = list(numbers)
    if not known:
        return None
    middle = median(known)
    if middle >= LEAST_US:
        return UNITS["us"]
    return UNITS["s"] if middle < MOST_S else None
