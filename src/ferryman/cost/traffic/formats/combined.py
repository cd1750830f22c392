"""The combined log format of nginx, Apache, gunicorn, aiohttp and Traefik, and the common format.

The server's configuration decides which fields follow the user agent; `durations` finds a duration
among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ferryman.cost.traffic.clocks import common_log_clock
from ferryman.cost.traffic.formats.durations import bare_number, bare_unit, tail_duration_ms
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("COMBINED",)

_LINE = re.compile(
    rb'\[(\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4})\] "(?:[^"\\]|\\.)*" (\d{3}|-) (\d+|-)'
    rb'(?: "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*")?(.*)',
    re.DOTALL,
)
_LENGTH_FIRST = re.compile(rb"(\d+) \d+\.\d{3}\b")
"""The request's length and then its time, as ingress-nginx writes them."""


def _reader(sample: Sequence[bytes] = (), bare: float | None = None) -> Parse:
    clock = common_log_clock()
    unit = bare_unit(_bare_numbers(sample)) if bare is None else bare

    def parse(line: bytes) -> Record | None:
        if (match := _LINE.search(line)) is None:
            raise ValueError("no time in brackets, request in quotes, status and size")
        time, status, size, tail = match.groups()
        wall_ms, size_in = _extras(tail.strip(), unit) if tail else (None, None)
        failed = None if status == b"-" else status[:1] == b"5"
        # The format writes - for a size of 0.
        size_out = 0 if size == b"-" else int(size)
        return Record(clock(time), wall_ms, failed, size_out, size_in)

    return parse


def _extras(tail: bytes, bare: float | None) -> tuple[float | None, int | None]:
    """Return the duration in ms and the request's bytes; None for one that is missing."""
    length = _LENGTH_FIRST.match(tail)
    return tail_duration_ms(tail, bare), int(length[1]) if length else None


def _bare_numbers(lines: Sequence[bytes]) -> Iterator[int]:
    for line in lines:
        match = _LINE.search(line)
        number = bare_number(match[4].strip()) if match else None
        if number is not None:
            yield number


def _remark(sample: Sequence[bytes]) -> str | None:
    numbers = list(_bare_numbers(sample))
    if not numbers or bare_unit(numbers) is not None:
        return None
    return (
        f"the number at the end of its lines, such as {numbers[0]}, may be a size, so ferryman"
        " ignores it; if it is a duration, set --log-duration to us, ms or s"
    )


COMBINED = Format(
    "combined",
    "nginx or Apache access log",
    lambda line: _LINE.search(line) is not None,
    _reader,
    remark=_remark,
)
