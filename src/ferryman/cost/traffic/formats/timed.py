"""The plainest log: lines that begin with a time, seconds since 1970 or ISO 8601.

After a comma, a tab, a semicolon or a blank may follow the duration of the request in
milliseconds; or, under a heading that calls the second column ``count`` or ``requests``, how
many requests there were from that time to the next line's.
"""

from __future__ import annotations

import re

from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.moment import iso_clock
from ferryman.cost.traffic.record import Record

__all__ = ("TIMED",)

_LINE = re.compile(
    rb"(?:(\d{9,11}(?:\.\d+)?)"
    rb"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?))"
    rb"(?:\s*[,;\s]\s*(\d*(?:\.\d+)?)(?:[,;\s].*)?)?$",
    re.DOTALL,
)
_HEADING = re.compile(rb'[#\s]*"?@?[a-z_ ]*(?:time|date|epoch|hour|minute)', re.I)
_COUNTS = re.compile(rb'[,;\t ]\s*"?(?:count|requests)\b', re.I)


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


TIMED = Format("csv", "lines of a time and a number", _detect, _reader)
