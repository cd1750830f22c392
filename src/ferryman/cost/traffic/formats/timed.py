"""The simplest log: lines of a time, in seconds since 1970 or ISO 8601, and optionally a number.

After a comma, a tab, a semicolon or a space follows the duration of the request in milliseconds.
If a heading calls the second column ``count`` or ``requests``, the number counts the requests from
that time to the time of the next line. The title says which of the two it is. Without a heading
nothing may follow the number, because a line of an application's log can begin with a time and a
comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import ALL, ANY, Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("COUNTED", "TIMED", "TIMED_UNDER_HEADING", "evenly_spaced")

_LINE = re.compile(
    rb"(?:(\d{9,11}(?:\.\d+)?)"
    rb"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?))"
    rb"(?:\s*[,;\s]\s*(\d*(?:\.\d+)?)([,;\s].*)?)?$",
    re.DOTALL,
)
_FRACTION = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d,\d{3}$")
_HEADING = re.compile(rb'[#\s]*"?@?[a-z_ ]*(?:time|date|epoch|hour|minute)', re.I)
_DURATION_HEADING = re.compile(
    rb'[#\s]*"?@?[a-z_ ]*(?:time|date|epoch)[a-z_]*"?\s*[,;\t ]\s*"?(?:ms|millis|milliseconds'
    rb"|duration_ms|latency_ms|wall_ms|response_time_ms)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(rb'[,;\t ]\s*"?(?:count|requests)\b', re.I)

LEAST_STEPS = 3

SHORTEST_STEP = 60.0
"""Seconds between two counts, at least: counts are for minutes or longer."""


def _reader(sample: Sequence[bytes] = (), *_: object) -> Parse:
    clock = iso_clock()
    counts, begun = False, False
    times_alone = _has_fractions(sample)

    def parse(line: bytes) -> Record | None:
        nonlocal counts, begun
        text = line.strip()
        if (match := _LINE.match(text)) is None:
            if not begun and _HEADING.match(text):
                counts = counts or _COUNTS.search(text) is not None
                return None
            if not text or text.startswith(b"#"):
                return None
            raise ValueError("it does not begin with a time and a number")
        begun = True
        seconds, moment, number, _ = match.groups()
        time = float(seconds) if seconds else clock(moment)
        if times_alone:
            return Record(time + int(number) / 1000 if number else time)
        if counts:
            return Record(time, requests=int(number))
        return Record(time, float(number) if number else None)

    return parse


def _has_fractions(sample: Sequence[bytes]) -> bool:
    """Return whether the digits after the comma are milliseconds of the time, as in log4j."""
    lines = [line.strip() for line in sample if line.strip()]
    alike = bool(lines) and all(map(_FRACTION.match, lines))
    return alike and any(line[-3:-2] == b"0" for line in lines)


def _detect(line: bytes) -> bool:
    match = _LINE.match(line.strip())
    return match is not None and match[4] is None


def _detect_counts(line: bytes) -> bool:
    return _HEADING.match(line) is not None and _COUNTS.search(line) is not None


def evenly_spaced(lines: Iterable[bytes]) -> bool:
    """Return whether lines look like counts: different whole numbers at equal steps of time."""
    clock, times, numbers = iso_clock(), [], set()
    for line in lines:
        if (match := _LINE.match(line.strip())) is None:
            continue
        seconds, moment, number, _ = match.groups()
        if not number or b"." in number:
            return False
        with suppress(ValueError):  # an impossible time; the reader reports its line
            times.append(float(seconds) if seconds else clock(moment))
        numbers.add(number)
    steps = {after - before for before, after in pairwise(times)}
    alike = len(steps) == 1 and len(numbers) > 1
    return alike and len(times) > LEAST_STEPS and steps.pop() >= SHORTEST_STEP


COUNTED = Format(
    "csv", "lines of a time and a number of requests", _detect_counts, _reader, needs=ANY
)


def _remark(sample: Sequence[bytes]) -> str | None:
    if not evenly_spaced(sample):
        return None
    return (
        "its times are evenly spaced; if the numbers are counts of requests and not milliseconds,"
        " add the heading time,count"
    )


TIMED_UNDER_HEADING = Format(
    "csv",
    "lines of a time and its milliseconds, under a heading",
    lambda line: _DURATION_HEADING.match(line) is not None,
    _reader,
    needs=ANY,
)

TIMED = Format(
    "csv", "lines of a time and its milliseconds", _detect, _reader, needs=ALL, remark=_remark
)
