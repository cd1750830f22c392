"""Standard logs of CloudFront: between tabs under a ``#Fields`` line, or as JSON (v2).

What CloudFront answers from its cache never reaches the application and is no request here.
Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.moment import iso_clock
from ferryman.cost.traffic.record import Record

__all__ = ("CLOUDFRONT", "CLOUDFRONT_JSON")

_CACHED = ("Hit", "RefreshHit", "OriginShieldHit")


def _reader() -> Parse:
    names: list[str] = []
    record = _record()

    def parse(line: bytes) -> Record | None:
        nonlocal names
        if line.startswith(b"#"):
            if line.startswith(b"#Fields:"):
                names = line.decode().split()[1:]
            return None
        cells = line.decode().rstrip("\r").split("\t")
        if not names or len(cells) != len(names):
            raise ValueError(f"{len(cells)} fields, where the header names {len(names)}")
        return record(dict(zip(names, cells, strict=True)))

    return parse


def _json_reader() -> Parse:
    record = _record()
    return lambda line: record(json.loads(line))


def _record() -> Callable[[Mapping[str, str]], Record | None]:
    clock = iso_clock()

    def record(row: Mapping[str, str]) -> Record | None:
        time = clock(f"{row['date']}T{row['time']}Z".encode())
        if row.get("x-edge-result-type") in _CACHED:
            return None
        return Record(
            time,
            _number(row, "time-taken", 1000.0),
            _failed(row.get("sc-status", "-")),
            _whole(row, "sc-bytes"),
            _whole(row, "cs-bytes"),
            request_id=row.get("x-edge-request-id"),
        )

    return record


def _failed(status: str) -> bool | None:
    return None if status == "-" else status.startswith("5")


def _number(row: Mapping[str, str], name: str, factor: float) -> float | None:
    text = row.get(name, "-")
    return None if text == "-" else float(text) * factor


def _whole(row: Mapping[str, str], name: str) -> int | None:
    text = row.get(name, "-")
    return None if text == "-" else int(text)


CLOUDFRONT = Format(
    "cloudfront",
    "CloudFront standard log",
    lambda line: line.startswith(b"#Fields:") and b" sc-status" in line,
    _reader,
)

CLOUDFRONT_JSON = Format(
    "cloudfront",
    "CloudFront standard log (JSON)",
    lambda line: line.startswith(b"{") and b'"sc-status"' in line and b'"date"' in line,
    _json_reader,
)
