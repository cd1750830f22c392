"""The plainest log: lines that begin with a time, seconds since 1970 or ISO 8601.

After a comma, a tab, a semicolon or a blank may follow the duration of the request in
milliseconds; or, under a heading that calls the second column ``count`` or ``requests``, how
many requests there were from that time to the next line's. The title says which it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.moment import iso_clock
from ferryman.cost.traffic.record import Record

__all__ = ("COUNTED", "TIMED", "evenly_spaced")

_LINE = re.compile(
    rb"(?:(\d{9,11}(?:\.\d+)?)"
    rb"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?))"
    rb"(?:\s*[,;\s]\s*(\d*(?:\.\d+)?)(?:[,;\s].*)?)?$",
    re.DOTALL,
)
_HEADING = re.compile(rb'[#\s]*"?@?[a-z_ ]*(?:time|date|epoch|hour|minute)', re.I)
_COUNTS = re.compile(rb'[,;\t ]\s*"?(?:count|requests)\b', re.I)


LEAST_STEPS = 3

SHORTEST_STEP = 60.0
"""Seconds: who counts, counts by the minute at least."""


def _reader() -> Parse:
    clock = iso_clock()
    counts, begun = False, False

    def parse(line: bytes) -> Record | None:
        nonlocal counts, begun
        text = line.strip()
        if (found := _LINE.match(text)) is None:
            if not begun and _HEADING.match(text):
                counts = counts or _COUNTS.search(text) is not None
                return None
            if not text or text.startswith(b"#"):
                return None
            raise ValueError("it does not begin with a time and a number")
        begun = True
        seconds, moment, number = found.groups()
        time = float(seconds) if seconds else clock(moment)
        if counts:
            return Record(time, requests=int(number))
        return Record(time, float(number) if number else None)

    return parse


def _detect(line: bytes) -> bool:
    return _LINE.match(line.strip()) is not None


def _detect_counts(line: bytes) -> bool:
    return _HEADING.match(line) is not None and _COUNTS.search(line) is not None


def evenly_spaced(lines: Iterable[bytes]) -> bool:
    """Say whether lines look like counts: whole numbers, not all the same, at equal steps."""
    clock, times, numbers = iso_clock(), [], set()
    for line in lines:
        if (found := _LINE.match(line.strip())) is None:
            continue
        seconds, moment, number = found.groups()
        if not number or b"." in number:
            return False
        with suppress(ValueError):  # of a time that cannot be, which is told of its line
            times.append(float(seconds) if seconds else clock(moment))
        numbers.add(number)
    steps = {after - before for before, after in pairwise(times)}
    alike = len(steps) == 1 and len(numbers) > 1
    return alike and len(times) > LEAST_STEPS and steps.pop() >= SHORTEST_STEP


COUNTED = Format("csv", "lines of a time and a number of requests", _detect_counts, _reader)

TIMED = Format("csv", "lines of a time and its milliseconds", _detect, _reader)
