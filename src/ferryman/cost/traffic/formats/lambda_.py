"""Logs of a Lambda function, and their export by CloudWatch Logs as JSON documents.

Lines may be as Lambda printed them, as ``aws logs tail`` shows them or as CloudWatch exports them.
Documents are the JSON of ``aws logs filter-log-events`` and related commands.

The lines between the reports are the function's own log. The reader keeps their size, and the
response sizes of ferryman's access log among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.ferryman import is_access
from ferryman.cost.traffic.formats.format import ANY, Format, Parse
from ferryman.cost.traffic.formats.lambda_report import (
    JSON_MARK,
    MARK,
    json_report,
    text_report,
)
from ferryman.cost.traffic.formats.lambda_table import is_heading, row_line, split_table
from ferryman.cost.traffic.lines import MAX_LINE, split_lines
from ferryman.cost.traffic.record import LambdaUse, Record

__all__ = ("LAMBDA", "LAMBDA_EVENTS", "LAMBDA_PRETTY", "LAMBDA_TABLE")

EVENT_BYTES = 26
"""Bytes that CloudWatch adds to the size of each event in its bill."""

_STREAM = rb"\d{4}/\d\d/\d\d/\S*\[[^\]]+\]\S+"
_PREFIX = re.compile(
    # `sam logs` writes the stream first, and `filter-log-events` as text an id.
    rb"(?:%b[ \t]+)?(?:EVENTS\t\S+\t)?(?:(\d{4}-\d\d-\d\dT\S+)|(\d{13}))[ \t]+(?:%b[ \t])?"
    % (_STREAM, _STREAM)
)
_APP_TIME = re.compile(
    rb"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d[.,]\d{3}) ?(?:\(([+-]\d\d:\d\d)\)|(Z))"
)
# Only near the start of a line: a client can put these words into a server's access log.
_REPORT = re.compile(rb"(?:[^\s\"]+\s+){0,5}REPORT RequestId: ")
_START = re.compile(rb"START RequestId: |\{.{0,60}\"platform\.start\"")
_PLATFORM = re.compile(
    rb"(?:START RequestId|END RequestId|INIT_START|INIT_REPORT|RESTORE_START|RESTORE_REPORT"
    rb"|EXTENSION|TELEMETRY|XRAY TraceId)[ :]|\{.{0,60}\"platform\.\w+\""
)


def _reader(*_: object) -> Parse:
    clock = iso_clock()
    started, logged = False, 0
    app_time: float | None = None
    size_out: int | None = None
    size_in: int | None = None

    def parse(line: bytes) -> Record | None:
        nonlocal started, logged, size_out, size_in, app_time
        prefix = _PREFIX.match(line)
        message = line[prefix.end() :] if prefix else line
        record = None
        if MARK in message and _REPORT.match(message):
            time = _time(prefix)
            # `sls logs` omits the time of REPORT lines, but not of the app's lines.
            record = text_report(message, app_time if time is None else time)
        elif JSON_MARK in message:
            record = json_report(message[message.index(b"{") :])
        if record and record.use:
            billed, given, held, init, _ = record.use
            use = LambdaUse(billed, given, held, init, logged if started else None)
            time, wall_ms, failed, *_ = record
            record = Record(time, wall_ms, failed, size_out, size_in, use, record.request_id)
            started, logged, size_out, size_in, app_time = False, 0, None, None, None
            return record
        if record:
            return record
        if _START.match(message):
            started = True
        elif message[:4] != b"END " and message.strip() and not _PLATFORM.match(message):
            logged += len(message) + EVENT_BYTES
            if prefix is None and (written := _APP_TIME.match(message)):
                day, clock_time, zone, _ = written.groups()
                moment = day + b"T" + clock_time.replace(b",", b".") + (zone or b"Z")
                app_time = clock(moment)
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


_EVENTS = re.compile(r'"(?:events|logEvents|results)"\s*:\s*\[')
_DOCUMENT = re.compile(
    rb'\s*(?:\{"messageType".{0,2000}?|\{"queryLanguage"[^\[]{0,200}|\{\s*)?'
    rb'"(?:events|logEvents|results)"\s*:\s*\[',
    re.DOTALL,
)
_GAP = re.compile(r"[\s,]*")


def _split_events(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the events of JSON documents as lines that begin with their time in milliseconds.

    It reads the documents event by event, because they may not fit into memory.
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
        # The document ends within its list, so its last event is truncated.
        yield [None]


def _events(text: str, inside: bool) -> tuple[list[bytes | None], str, bool]:
    """Return the events in a text, the unread rest, and whether the rest is inside a list."""
    events: list[bytes | None] = []
    place = 0
    decode = json.JSONDecoder().raw_decode
    while True:
        if not inside:
            opening = _EVENTS.search(text, place)
            if opening is None:
                return events, text[max(place, len(text) - 64) :], False
            place, inside = opening.end(), True
        place = _GAP.match(text, place).end()  # type: ignore[union-attr]  # it always matches
        if text[place : place + 1] == "]":
            place, inside = place + 1, False
            continue
        try:
            event, place = decode(text, place)
        except (ValueError, RecursionError):
            return events, text[place:], True
        events.append(_line(event))


def _line(event: object) -> bytes | None:
    if isinstance(event, list):
        return row_line({cell["field"]: cell["value"] for cell in event})
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


def _split_pretty(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield JSON objects that span several lines, each as one line."""
    open_lines: list[bytes] = []
    for batch in split_lines(blocks):
        lines: list[bytes | None] = []
        for line in batch:
            open_lines.append(line or b"")
            if line is not None and line.rstrip(b",\r") == b"}":
                lines.append(b"".join(map(bytes.strip, open_lines)).rstrip(b","))
                open_lines = []
        yield lines
    if any(map(bytes.strip, open_lines)):
        yield [None]


LAMBDA = Format("lambda", "Lambda log", _detect_start, _reader, needs=ANY)

LAMBDA_EVENTS = Format(
    "lambda",
    "Lambda log (JSON of CloudWatch Logs)",
    lambda line: _DOCUMENT.match(line) is not None,
    _reader,
    _split_events,
    needs=ANY,
)

LAMBDA_PRETTY = Format(
    "lambda",
    "Lambda log (JSON over several lines)",
    lambda line: re.match(rb'\s+"type": "platform\.\w+"', line) is not None,
    _reader,
    _split_pretty,
    needs=ANY,
)

LAMBDA_TABLE = Format(
    "lambda",
    "Lambda log (CSV of CloudWatch)",
    is_heading,
    _reader,
    split_table,
    needs=ANY,
)
