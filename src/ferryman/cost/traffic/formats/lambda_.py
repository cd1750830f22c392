"""Logs of a Lambda function, and the documents that CloudWatch Logs makes of them.

Lines may be as they were printed, as ``aws logs tail`` shows them or as CloudWatch exports
them; documents are the JSON of ``aws logs filter-log-events`` and its relatives.

What the function itself logged stands between the reports; its size is kept, and what
ferryman's access log there says of responses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ferryman.cost.traffic.formats.ferryman import is_access
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.formats.lambda_report import (
    JSON_MARK,
    MARK,
    json_report,
    text_report,
)
from ferryman.cost.traffic.lines import MAX_LINE
from ferryman.cost.traffic.moment import iso_clock
from ferryman.cost.traffic.record import LambdaUse, Record

__all__ = ("LAMBDA", "LAMBDA_EVENTS")

EVENT_BYTES = 26
"""What CloudWatch adds to each event before it bills for its size."""

_PREFIX = re.compile(
    rb"(?:(\d{4}-\d\d-\d\dT\S+)|(\d{13}))[ \t]+(?:\d{4}/\d\d/\d\d/\S*\[[^\]]+\]\S+ )?"
)
# Not anywhere: a client may well put these words into the access log of a server.
_REPORT = re.compile(rb"(?:[^\s\"]+\s+){0,5}REPORT RequestId: ")
_START = re.compile(rb"START RequestId: |\{.{0,60}\"platform\.start\"")
_PLATFORM = re.compile(
    rb"(?:START RequestId|END RequestId|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT"
    rb"|EXTENSION|TELEMETRY|XRAY TraceId)[ :]|\{.{0,60}\"platform\.\w+\""
)


def _reader() -> Parse:
    clock = iso_clock()
    started, logged = False, 0
    size_out: int | None = None
    size_in: int | None = None

    def parse(line: bytes) -> Record | None:
        nonlocal started, logged, size_out, size_in
        prefix = _PREFIX.match(line)
        message = line[prefix.end() :] if prefix else line
        record = None
        if MARK in message and _REPORT.match(message):
            record = text_report(message, _time(prefix))
        elif JSON_MARK in message:
            record = json_report(message[message.index(b"{") :])
        if record and record.use:
            billed, given, held, init, _ = record.use
            use = LambdaUse(billed, given, held, init, logged if started else None)
            time, wall_ms, failed, *_ = record
            record = Record(time, wall_ms, failed, size_out, size_in, use, record.request_id)
            started, logged, size_out, size_in = False, 0, None, None
            return record
        if _START.match(message):
            started = True
        elif message[:4] != b"END " and message.strip() and not _PLATFORM.match(message):
            logged += len(message) + EVENT_BYTES
            if is_access(message):
                size_out, size_in = _sizes(message)
        return None

    def _time(prefix: re.Match[bytes] | None) -> float | None:
        if prefix is None:
            return None
        return clock(prefix[1]) if prefix[1] else int(prefix[2]) / 1000

    return parse


def _sizes(line: bytes) -> tuple[int | None, int | None]:
    try:
        data = json.loads(line[line.index(b"{") :])
        return int(data["response_bytes"]), int(data["request_bytes"])
    except (ValueError, LookupError, TypeError):
        return None, None


_EVENTS = re.compile(r'"(?:events|logEvents)"\s*:\s*\[')
_DOCUMENT = re.compile(
    rb'\s*(?:\{"messageType".{0,2000}?|\{\s*)?"(?:events|logEvents)"\s*:\s*\[', re.DOTALL
)
_GAP = re.compile(r"[\s,]*")


def _split_events(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the events of JSON documents as lines that begin with their milliseconds.

    The documents are never whole in memory: their lists are read event by event.
    """
    text, inside = "", False
    for block in blocks:
        text += block.decode("utf-8", "replace")
        events, rest, inside = _events(text, inside)
        if len(rest) > MAX_LINE:
            events, rest = [*events, None], ""
        text = rest
        yield events
    if inside:
        # The document ends within its list: its last event was cut off.
        yield [None]


def _events(text: str, inside: bool) -> tuple[list[bytes | None], str, bool]:
    """Return the events in a piece of text, what is left of it, and whether in a list."""
    found: list[bytes | None] = []
    place = 0
    decode = json.JSONDecoder().raw_decode
    while True:
        if not inside:
            opening = _EVENTS.search(text, place)
            if opening is None:
                return found, text[max(place, len(text) - 64) :], False
            place, inside = opening.end(), True
        place = _GAP.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing
        if text[place : place + 1] == "]":
            place, inside = place + 1, False
            continue
        try:
            event, place = decode(text, place)
        except (ValueError, RecursionError):
            return found, text[place:], True
        found.append(_line(event))


def _line(event: object) -> bytes | None:
    if not isinstance(event, dict) or not isinstance(event.get("message"), str):
        return None
    time = event.get("timestamp")
    start = f"{time:013d} " if isinstance(time, int) and time >= 0 else ""
    return f"{start}{event['message']}".encode()


def _detect(line: bytes) -> bool:
    return bool(_REPORT.match(line)) or (JSON_MARK in line and b'"metrics"' in line)


def _detect_start(line: bytes) -> bool:
    prefix = _PREFIX.match(line)
    return _detect(line) or bool(_PLATFORM.match(line, prefix.end() if prefix else 0))


LAMBDA = Format("lambda", "Lambda log", _detect_start, _reader)

LAMBDA_EVENTS = Format(
    "lambda",
    "Lambda log (JSON of CloudWatch Logs)",
    lambda line: _DOCUMENT.match(line) is not None,
    _reader,
    _split_events,
)
