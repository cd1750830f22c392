"""Standard logs of CloudFront: fields separated by tabs under a ``#Fields`` line, or JSON (v2).

A response of CloudFront itself does not reach the application, so its line does not count: one
from the cache, of a function at the edge, a redirect, a block or an error of CloudFront. Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import ANY, Format, Parse
from ferryman.cost.traffic.formats.w3c import w3c_reader
from ferryman.cost.traffic.record import Record

__all__ = ("CLOUDFRONT", "CLOUDFRONT_JSON", "reaches_origin")

_REACHES_ORIGIN = ("Miss", "RefreshHit")
"""Result types of requests that reach the origin; a RefreshHit asks the origin whether an object
has changed."""

_OWN_ERRORS = (
    *("AccessDenied", "ClientGeoBlocked", "ClientHungUpRequest", "OriginConnectError"),
    *("OriginDnsError", "WAFBlocked"),
)
"""Detailed result types of errors that CloudFront returns before it sends a request to the origin.
All types that begin with Invalid are such errors too."""


def reaches_origin(kind: str, detail: str) -> bool:
    """Return whether a request reached the origin.

    Args:
        kind: Its ``x-edge-result-type``.
        detail: Its ``x-edge-detailed-result-type``, which older logs do not have.
    """
    if kind == "Error":
        return not (detail in _OWN_ERRORS or detail.startswith("Invalid"))
    return kind in _REACHES_ORIGIN


def _reader(*_: object) -> Parse:
    return w3c_reader(lambda line: line.rstrip("\r").split("\t"), _record())


def _json_reader(*_: object) -> Parse:
    record = _record()
    return lambda line: record(json.loads(line))


def _record() -> Callable[[Mapping[str, str]], Record | None]:
    clock = iso_clock()

    def record(row: Mapping[str, str]) -> Record | None:
        time = clock(f"{row['date']}T{row['time']}Z".encode())
        kind = row.get("x-edge-result-type", "Miss")
        if not reaches_origin(kind, row.get("x-edge-detailed-result-type", "")):
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
    lambda line: line.startswith(b"#Fields:") and b" x-edge-result-type" in line,
    _reader,
    needs=ANY,
)

CLOUDFRONT_JSON = Format(
    "cloudfront",
    "CloudFront standard log (JSON)",
    lambda line: line.startswith(b"{") and b'"sc-status"' in line and b'"date"' in line,
    _json_reader,
)
