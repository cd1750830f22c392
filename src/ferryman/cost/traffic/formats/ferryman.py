"""The access log of an application on ferryman's server, in JSON lines or as text.

Lines of other loggers between the access lines are not requests. The text form is for a terminal:
it has neither a date nor a duration.
"""

from __future__ import annotations

import json
import re

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import ANY, Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("LOGGER", "OURS_JSON", "OURS_TEXT", "is_access")

LOGGER = b'"logger": "ferryman.access"'
"""The mark of an access log line in JSON, as `ferryman.core.logs` writes it."""

_TEXT = re.compile(rb"\d\d:\d\d:\d\d [A-Z]+ +ferryman\.access: \S+ \S+ (\d{3})\s*$")
_OTHER_TEXT = re.compile(rb"\d\d:\d\d:\d\d [A-Z]+ +\S+: ")


def is_access(line: bytes) -> bool:
    """Return whether a line is an access log line in JSON."""
    return LOGGER in line and b'"response_bytes"' in line


def _json_reader(*_: object) -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        # Programs such as `kubectl logs --timestamps` add a prefix.
        data = json.loads(line[line.index(b"{") :])
        if data["logger"] != "ferryman.access":
            return None
        return Record(
            clock(data["timestamp"].encode()),
            float(data["duration"]) * 1000,
            int(data["status"]) >= 500,
            int(data["response_bytes"]),
            int(data["request_bytes"]) if "request_bytes" in data else None,
            request_id=data.get("request_id"),
        )

    return parse


def _text_reader(*_: object) -> Parse:
    def parse(line: bytes) -> Record | None:
        if match := _TEXT.match(line):
            return Record(failed=match[1][:1] == b"5")
        if _OTHER_TEXT.match(line):
            return None
        raise ValueError("no clock, level and logger")

    return parse


OURS_JSON = Format("ferryman", "ferryman's access log (JSON)", is_access, _json_reader, needs=ANY)

OURS_TEXT = Format(
    "ferryman",
    "ferryman's access log (text)",
    lambda line: _TEXT.match(line) is not None,
    _text_reader,
    needs=ANY,
)
