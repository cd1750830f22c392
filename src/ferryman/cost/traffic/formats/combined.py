"""The combined log format of nginx, Apache, gunicorn and aiohttp, and the common one.

What stands behind the user agent is up to whoever configured the server. A duration is found
there as ``rt=`` or ``request_time=`` in seconds, as nginx's bare seconds with three decimals,
or, where it is all that stands there, as the microseconds of Apache's ``%D``.
"""

from __future__ import annotations

import re

from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.moment import common_log_clock
from ferryman.cost.traffic.record import Record

__all__ = ("COMBINED",)

_LINE = re.compile(
    rb'\[(\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4})\] "(?:[^"\\]|\\.)*" (\d{3}|-) (\d+|-)'
    rb'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(.*)',
    re.DOTALL,
)
_NAMED = re.compile(rb'\b(?:rt|request_time)[=:]"?(\d+\.\d+)')
_SECONDS = re.compile(rb'^(?:(\d+) )?"?(\d+\.\d{3})\b')
_ANYWHERE = re.compile(rb'(?:^|[ "])(\d+\.\d{3})(?=[ "]|$)')
_MICROSECONDS = re.compile(rb"(\d+)$")


def _reader() -> Parse:
    clock = common_log_clock()

    def parse(line: bytes) -> Record | None:
        if (match := _LINE.search(line)) is None:
            raise ValueError("no time in brackets, request in quotes, status and size")
        time, status, size, tail = match.groups()
        wall_ms, size_in = _extras(tail.strip())
        failed = None if status == b"-" else status[:1] == b"5"
        # A size of - is how the format writes none.
        size_out = 0 if size == b"-" else int(size)
        return Record(clock(time), wall_ms, failed, size_out, size_in)

    return parse


def _extras(tail: bytes) -> tuple[float | None, int | None]:
    """Return the duration in ms and the request's bytes, as far as they are there."""
    if not tail:
        return None, None
    if found := _NAMED.search(tail):
        return float(found[1]) * 1000, None
    if found := _SECONDS.match(tail):
        return float(found[2]) * 1000, int(found[1]) if found[1] else None
    if found := _ANYWHERE.search(tail):
        return float(found[1]) * 1000, None
    if found := _MICROSECONDS.match(tail):
        return int(found[1]) / 1000, None
    return None, None


COMBINED = Format(
    "combined",
    "nginx or Apache access log",
    lambda line: _LINE.search(line) is not None,
    _reader,
)
