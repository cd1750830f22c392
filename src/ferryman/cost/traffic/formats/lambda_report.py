"""Lambda's report of an invocation: a REPORT line, or a ``platform.report`` in JSON.

Since August 2025 the billed duration includes the init. Sources:
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html and, for restores,
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.record import LambdaUse, Record

__all__ = ("JSON_MARK", "MARK", "json_report", "text_report")

MARK = b"REPORT RequestId: "
JSON_MARK = b'"platform.report"'

# In text copied from a console, the original tabs are spaces.
_REPORT = re.compile(
    rb"REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms\s+Billed Duration: (\d+) ms\s+"
    rb"Memory Size: (\d+) MB\s+Max Memory Used: (\d+) MB"
)
_FIELD = re.compile(
    rb"(?:^|\s)(Duration|Billed Duration|Memory Size|Max Memory Used): ([\d.]+) (?:ms|MB)"
)
_EXTRA = re.compile(rb"(?<!Billed )(Init Duration|Restore Duration|Status): ([\d.]+|\w+)")
_BILLED_RESTORE = re.compile(rb"Billed Restore Duration: ([\d.]+)")


def text_report(line: bytes, time: float | None) -> Record:
    """Return the request of a REPORT line.

    Args:
        line: The line; anything before REPORT is ignored.
        time: When the line was written, seconds since 1970.

    Raises:
        ValueError: A field is missing or not a number.
    """
    identity, duration, billed, size, used, end = _fields(line)
    init, failed, billed_ms = None, False, float(billed)
    if len(line) > end + 2:
        extra = dict(_EXTRA.findall(line, end))
        init = extra.get(b"Init Duration") or extra.get(b"Restore Duration")
        failed = extra.get(b"Status", b"success") != b"success"
        if restored := _BILLED_RESTORE.search(line, end):
            billed_ms += float(restored[1])
    use = LambdaUse(billed_ms, int(size), int(used), None if init is None else float(init))
    return Record(time, float(duration), failed, use=use, request_id=identity.decode())


def _fields(line: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes, int]:
    """Return id, duration, billed duration, memory, used memory, and where the extras begin."""
    if match := _REPORT.search(line):
        return (*match.groups(), match.end())  # type: ignore[return-value]  # five groups
    identity, _, rest = line[line.index(MARK) + len(MARK) :].partition(b" ")
    fields = dict(_FIELD.findall(rest))
    try:
        names = (b"Duration", b"Billed Duration", b"Memory Size", b"Max Memory Used")
        duration, billed, size, used = (fields[name] for name in names)
    except KeyError:
        raise ValueError("a REPORT line without its durations and memory sizes") from None
    return identity.strip(), duration, billed, size, used, line.index(MARK)


_clock = iso_clock()


def json_report(line: bytes) -> Record | None:
    """Return the request of a ``platform.report``; None for another event of the platform.

    Raises:
        ValueError: The line is not JSON.
        LookupError: A field is missing.
        TypeError: A field has another type.
    """
    event: Any = json.loads(line)
    if event["type"] != "platform.report":
        return None
    record = event["record"]
    metrics = record["metrics"]
    init = metrics.get("initDurationMs", metrics.get("restoreDurationMs"))
    use = None
    # Managed Instances report no billed duration and no memory per request.
    if "billedDurationMs" in metrics and "memorySizeMB" in metrics:
        billed = metrics["billedDurationMs"] + metrics.get("billedRestoreDurationMs", 0)
        used = metrics.get("maxMemoryUsedMB")
        use = LambdaUse(
            float(billed),
            int(metrics["memorySizeMB"]),
            None if used is None else int(used),
            None if init is None else float(init),
        )
    failed = record.get("status", "success") != "success"
    time = _clock(event["time"].encode())
    identity = record.get("requestId")
    return Record(time, float(metrics["durationMs"]), failed, use=use, request_id=identity)
