"""Access logs in JSON, one object per line: Caddy, Traefik, nginx and API Gateway.

Each program has its own names and units. Sources: Caddy's `log` directive; Traefik's access logs;
the `log_format` with `escape=json` in nginx's documentation; the $context variables of Amazon API
Gateway.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ferryman.cost.traffic.clocks import common_log_clock, iso_clock
from ferryman.cost.traffic.formats.durations import duration_ms
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("API_GATEWAY_JSON", "CADDY", "NGINX_JSON", "TRAEFIK_JSON")


def _format(
    name: str,
    title: str,
    *,
    marks: tuple[bytes, ...],
    time: tuple[str, ...],
    status: str,
    duration: str,
    factor: float,
    bytes_out: tuple[str, ...],
    bytes_in: tuple[str, ...] = (),
) -> Format:
    """Return the format of a program; of several keys, the first that a line has applies.

    Args:
        name: The name of the format.
        title: Its title.
        marks: Texts that every line contains.
        time: The keys of the time.
        status: The key of the status.
        duration: The key of the duration.
        factor: Milliseconds in the unit of the duration.
        bytes_out: The keys of the size of the response.
        bytes_in: The keys of the size of the request.
    """

    def detect(line: bytes) -> bool:
        return line.lstrip()[:1] == b"{" and all(mark in line for mark in marks)

    def reader(*_: object) -> Parse:
        clock = _clock()

        def parse(line: bytes) -> Record | None:
            row = json.loads(line)
            code, taken = _first(row, (status,)), _first(row, (duration,))
            if code is None and taken is None:
                return None
            return Record(
                clock(_first(row, time)),
                None if taken is None else duration_ms(str(taken).encode(), factor),
                None if code is None else int(code) >= 500,
                _size(_first(row, bytes_out)),
                _size(_first(row, bytes_in)),
            )

        return parse

    return Format(name, title, detect, reader)


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "", "-")), None)


def _size(value: Any) -> int | None:
    return None if value is None else int(float(value))


def _clock() -> Callable[[Any], float]:
    """Return a reader of times: seconds or milliseconds since 1970, ISO 8601, common log."""
    iso, common = iso_clock(), common_log_clock()

    def read(value: Any) -> float:
        if value is None:
            raise ValueError("it has no time")
        if isinstance(value, int | float) or value.replace(".", "", 1).isdigit():
            number = float(value)
            return number / 1000 if number > 1e11 else number
        text = value.encode()
        return common(text) if text[2:3] == b"/" else iso(text)

    return read


CADDY = _format(
    "caddy",
    "Caddy access log",
    marks=(b'"http.log.access', b'"status"'),
    time=("ts",),
    status="status",
    duration="duration",
    factor=1000.0,
    bytes_out=("size",),
    bytes_in=("bytes_read",),
)

TRAEFIK_JSON = _format(
    "traefik",
    "Traefik access log (JSON)",
    marks=(b'"DownstreamStatus"', b'"Duration"'),
    time=("StartUTC", "time"),
    status="DownstreamStatus",
    duration="Duration",
    factor=1e-6,
    bytes_out=("DownstreamContentSize",),
    bytes_in=("RequestContentSize",),
)

API_GATEWAY_JSON = _format(
    "apigateway",
    "API Gateway access log (JSON)",
    marks=(b'"requestTime', b'"status"'),
    time=("requestTimeEpoch", "requestTime"),
    status="status",
    duration="responseLatency",
    factor=1.0,
    bytes_out=("responseLength",),
)

NGINX_JSON = _format(
    "nginx",
    "nginx access log (JSON)",
    marks=(b'"request_time"', b'"status"'),
    time=("time_iso8601", "time", "@timestamp", "timestamp", "time_local", "msec"),
    status="status",
    duration="request_time",
    factor=1000.0,
    bytes_out=("body_bytes_sent", "bytes_sent"),
    bytes_in=("request_length",),
)
