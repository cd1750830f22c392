"""The access log that an application writes under ferryman's server: JSON lines, and text.

Lines of other loggers stand between, and count only towards what is logged. The text form is
for a terminal: it has neither a date nor a duration.
"""

from __future__ import annotations

import json
import re

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import ANY, Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("LOGGER", "OURS_JSON", "OURS_TEXT", "is_access")

LOGGER = b'"logger": "ferryman.access"'
"""How a JSON line says that it is one of the access log, as `ferryman.core.logs` writes it."""

_TEXT = re.compile(rb"\d\d:\d\d:\d\d [A-Z]+ +ferryman\.access: \S+ \S+ (\d{3})\s*$")
_OTHER_TEXT = re.compile(rb"\d\d:\d\d:\d\d [A-Z]+ +\S+: ")


def is_access(line: bytes) -> bool:
    """Return whether a line is one of the JSON access log."""
    return LOGGER in line and b'"response_bytes"' in line


def _json_reader(*_: object) -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        # kubectl logs --timestamps and the like put something before it.
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
        if found := _TEXT.match(line):
            return Record(failed=found[1][:1] == b"5")
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
