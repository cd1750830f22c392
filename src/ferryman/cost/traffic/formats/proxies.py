"""Access logs of other balancers and proxies (classic ELB, Envoy, HAProxy), and of uvicorn.

Sources: Elastic Load Balancing, access logs of a Classic Load Balancer; Envoy's default format
string, and Istio's; HAProxy's HTTP log format; uvicorn's access formatter.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.record import Record

__all__ = ("CLASSIC_ELB", "ENVOY", "HAPROXY", "UVICORN")

_ELB = re.compile(
    rb"(\d{4}-\d\d-\d\dT[\d:.]+Z) \S+ \S+:\d+ (\S+) (-1|[\d.]+) (-1|[\d.]+) (-1|[\d.]+)"
    rb' (\d{3}|-) (\d{3}|-) (\d+) (\d+) "'
)
_ENVOY = re.compile(
    rb'\[(\d{4}-\d\d-\d\dT[\d:.]+Z)\] "(?:[^"\\]|\\.)*" (\d+) \S+'
    rb'(?: [^"\s]+ \S+ "[^"]*")? (\d+) (\d+) (\d+|-) (\d+|-) "'
)
_HAPROXY = re.compile(
    rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)\.(\d{3})\] \S+ (\S+)"
    rb" -?\d+/-?\d+/-?\d+/-?\d+/\+?(-?\d+) (-?\d+) \+?(\d+) "
)
_UVICORN = re.compile(
    rb"(?:(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)[,.](\d{3}))?.*?(?:INFO|uvicorn\.access)\b.*?"
    rb'\S+:\d+ - "[A-Z]+ \S+ HTTP/[\d.]+" (\d{3})'
)


def _elb_reader(*_: object) -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        match = _ELB.match(line)
        if match is None:
            raise ValueError("no time, balancer, client, backend and three durations")
        time, _, *parts, status, _, size_in, size_out = match.groups()
        wall_ms = None if b"-1" in parts else sum(map(float, parts)) * 1000
        failed = None if status == b"-" else status[:1] == b"5"
        return Record(clock(time), wall_ms, failed, int(size_out), int(size_in))

    return parse


def _envoy_reader(*_: object) -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        match = _ENVOY.search(line)
        if match is None:
            raise ValueError("no time in brackets, request in quotes, status, sizes and duration")
        time, status, size_in, size_out, taken, _ = match.groups()
        wall_ms = None if taken == b"-" else float(taken)
        failed = status[:1] == b"5" or status == b"0"
        return Record(clock(time), wall_ms, failed, int(size_out), int(size_in))

    return parse


def _haproxy_reader(*_: object) -> Parse:
    def parse(line: bytes) -> Record | None:
        match = _HAPROXY.search(line)
        if match is None:
            raise ValueError("no time in brackets and five timers between slashes")
        moment, millis, server, taken, status, size_out = match.groups()
        # HAProxy writes local time without a zone; servers usually run in UTC.
        time = datetime.strptime(moment.decode(), "%d/%b/%Y:%H:%M:%S").replace(tzinfo=UTC)
        if b"<NOSRV>" in server and status[:1] != b"5":
            return None
        wall_ms = None if taken[:1] == b"-" else float(taken)
        failed = status[:1] in (b"5", b"-")
        return Record(time.timestamp() + int(millis) / 1000, wall_ms, failed, int(size_out))

    return parse


def _uvicorn_reader(*_: object) -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        match = _UVICORN.match(line)
        if match is None:
            return None
        moment, millis, status = match.groups()
        time = clock(moment) + int(millis) / 1000 if moment else None
        return Record(time, None, status[:1] == b"5")

    return parse


CLASSIC_ELB = Format(
    "elb", "classic ELB access log", lambda line: _ELB.match(line) is not None, _elb_reader
)

ENVOY = Format(
    "envoy", "Envoy access log", lambda line: _ENVOY.search(line) is not None, _envoy_reader
)

HAPROXY = Format(
    "haproxy", "HAProxy HTTP log", lambda line: _HAPROXY.search(line) is not None, _haproxy_reader
)

UVICORN = Format(
    "uvicorn",
    "uvicorn access log, which has no durations",
    lambda line: _UVICORN.match(line) is not None,
    _uvicorn_reader,
)
