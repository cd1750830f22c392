"""Lambda's log as a table: the CSV exports of the CloudWatch console and of Logs Insights.

A row has a logged message, or the fields that Insights finds in a REPORT line. This module turns
both into lines of a Lambda log. Source: supported logs and discovered fields, Amazon CloudWatch
Logs User Guide.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from ferryman.cost.traffic.lines import MAX_LINE, split_lines

__all__ = ("is_heading", "row_line", "split_table")

_HEADING = re.compile(
    rb'"?@?(?:timestamp|message|requestId|duration|billedDuration|memorySize|logStream|log|ptr)"?,'
)
_COLUMNS = re.compile(rb'(?:^|,)"?(?:@?message|@duration)"?(?:,|\s*$)')

_METRICS = {
    "@duration": "durationMs",
    "@billedDuration": "billedDurationMs",
    "@initDuration": "initDurationMs",
}
_MEGABYTES = {"@memorySize": "memorySizeMB", "@maxMemoryUsed": "maxMemoryUsedMB"}


def is_heading(line: bytes) -> bool:
    """Return whether a line names the columns of such a table."""
    return _HEADING.match(line) is not None and _COLUMNS.search(line) is not None


def split_table(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the rows of a CSV file as lines of a log; a row may span several lines."""
    names: list[str] = []
    open_lines: list[bytes] = []
    for batch in split_lines(blocks):
        rows: list[bytes | None] = []
        for line in batch:
            if line is None:
                rows.append(None)
                open_lines = []
                continue
            open_lines.append(line)
            text = b"\n".join(open_lines)
            if text.count(b'"') % 2 and len(text) < MAX_LINE:
                continue
            open_lines = []
            cells = next(csv.reader([text.decode("utf-8", "replace")]), [])
            if not names:
                names = cells
            elif cells:
                rows.append(row_line(dict(zip(names, cells, strict=False))))
        yield rows


def row_line(row: Mapping[str, str]) -> bytes | None:
    """Return a row as a line of a Lambda log; ``None`` if it has neither message nor duration."""
    time = row.get("@timestamp") or row.get("timestamp") or ""
    message = row.get("@message") or row.get("message")
    if message is not None:
        return f"{_moment(time)}{message.rstrip()}".encode()
    metrics = {name: float(row[key]) for key, name in _METRICS.items() if row.get(key)}
    metrics |= {name: _megabytes(row[key]) for key, name in _MEGABYTES.items() if row.get(key)}
    if "durationMs" not in metrics:
        return None
    report = {
        "time": _moment(time).strip(),
        "type": "platform.report",
        "record": {"requestId": row.get("@requestId"), "metrics": metrics},
    }
    return json.dumps(report).encode()


def _moment(time: str) -> str:
    """Return a time as the beginning of a line, with a space; empty if there is no time."""
    if not time:
        return ""
    return f"{time} " if time.isdigit() else f"{time.strip().replace(' ', 'T')}Z "


def _megabytes(text: str) -> int:
    """Return MB from bytes: Insights has 1,000,000 bytes per MB, other exports have 2**20."""
    size = float(text)
    return round(size / 2**20 if size % 2**20 == 0 else size / 10**6)
