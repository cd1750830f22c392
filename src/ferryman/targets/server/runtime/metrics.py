"""Counts the requests of a worker, and writes metrics in Prometheus's format.

The names follow OpenTelemetry's semantic conventions for HTTP servers, spelt as its
Prometheus exporter spells them, in the text format of Prometheus, version 0.0.4. It does not
know which workers exist.
"""

from __future__ import annotations

import platform
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

__all__ = (
    *("BUCKETS", "CONTENT_TYPE", "EVENTS", "OVERFLOWED", "OVERFLOW_FAILURES", "OVERFLOW_KEPT"),
    *("WRITE_TIMEOUTS", "Counts", "Gauges"),
    *("exposition", "known_method"),
)

CONTENT_TYPE = "text/plain; version=0.0.4"

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper bounds in seconds, as the semantic conventions recommend."""

WRITE_TIMEOUTS = "ferryman_write_timeouts_total"

OVERFLOWED = "ferryman_overflow_requests_total"
OVERFLOW_FAILURES = "ferryman_overflow_failures_total"
OVERFLOW_KEPT = "ferryman_overflow_refused_total"

EVENTS: Mapping[str, str] = {
    OVERFLOWED: "Requests that were answered by the other side.",
    OVERFLOW_FAILURES: "Requests that the other side did not answer, or with an error of its own.",
    OVERFLOW_KEPT: "Requests without room that were not to be sent to the other side.",
    WRITE_TIMEOUTS: "Connections closed because the client read nothing.",
}
"""Counters of events other than responses, each with its description."""

_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
_ACTIVE = "http_server_active_requests"
_DURATION = "http_server_request_duration_seconds"

Key = tuple[str, str, str, int]
"""A known method, a scheme, the template of a route (empty if none matched), and a status."""


@dataclass(slots=True)
class Counts:
    """The counters of a worker.

    Attributes:
        requests: For each key, a count for each bucket, and the total seconds.
        events: The number of other events, by the names in `EVENTS`.
    """

    requests: dict[Key, list[float]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    def add(self, key: Key, seconds: float) -> None:
        """Count a request.

        Args:
            key: The labels of the request.
            seconds: The duration of the request.
        """
        row = self.requests.get(key)
        if row is None:
            row = self.requests[key] = [0.0] * (len(BUCKETS) + 2)
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def merge(self, other: Counts) -> None:
        """Add the counts of another worker."""
        for key, row in other.requests.items():
            mine = self.requests.get(key)
            self.requests[key] = [a + b for a, b in zip(mine, row, strict=True)] if mine else row
        self.events.update(other.events)

    def to_json(self) -> dict[str, object]:
        """Return the counts as plain values."""
        requests = [[*key, row] for key, row in self.requests.items()]
        return {"requests": requests, "events": dict(self.events)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Counts:
        """Return counts from plain values."""
        counts = cls(events=Counter(values.get("events", {})))
        for method, scheme, route, status, row in values.get("requests", ()):
            counts.requests[method, scheme, route, status] = row
        return counts


@dataclass(frozen=True, slots=True)
class Gauges:
    """The current state of a worker.

    Attributes:
        active: Requests in flight: a known method, a scheme, and the number.
        lag: Seconds by which its event loop was late at the last measurement.
        memory: Resident memory in bytes.
    """

    active: Sequence[tuple[str, str, int]]
    lag: float
    memory: int


def active_counts(active: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """Return the requests in flight, by method; an unknown method counts as `_OTHER`."""
    found: Counter[tuple[str, str]] = Counter()
    for (method, scheme), count in active.items():
        found[known_method(method), scheme] += count
    return [(*key, count) for key, count in found.items()]


def known_method(method: str) -> str:
    """Return a known method, or `_OTHER` for any other, as the conventions require."""
    return method if method in _METHODS else "_OTHER"


def exposition(
    counts: Counts, gauges: Mapping[str, Gauges], restarts: int, version: str, missing: int = 0
) -> str:
    """Return the metrics of a server.

    Args:
        counts: The counts of all workers together, including ended ones.
        gauges: The state of each running worker, by process id.
        restarts: How many workers have ended while the server continued.
        version: The project's version.
        missing: How many workers should respond and do not.
    """
    lines = [*_durations(counts), *_active(counts, gauges.values()), *_gauges(gauges)]
    lines += _head("ferryman_worker_restarts_total", "counter", "Workers that have ended.")
    lines.append(f"ferryman_worker_restarts_total {restarts}")
    lines += _head("ferryman_workers_missing", "gauge", "Workers that should answer and do not.")
    lines.append(f"ferryman_workers_missing {missing}")
    for name, text in EVENTS.items():
        lines += _head(name, "counter", text)
        lines.append(f"{name} {counts.events[name]}")
    lines += _head("ferryman_build_info", "gauge", "Always 1; the labels tell what runs.")
    labels = {
        "version": version,
        "python": platform.python_version(),
        "aiohttp": aiohttp.__version__,
    }
    lines.append(f"ferryman_build_info{_labels(labels)} 1")
    return "\n".join(lines) + "\n"


def _durations(counts: Counts) -> Iterator[str]:
    yield from _head(_DURATION, "histogram", "From a request's head to the end of its response.")
    for (method, scheme, route, status), row in sorted(counts.requests.items()):
        labels = {
            "http_request_method": method,
            "url_scheme": scheme,
            "http_route": route,
            "http_response_status_code": str(status),
            "error_type": str(status) if status >= 500 else "",
        }
        total = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), row, strict=False):
            total += int(count)
            yield f"{_DURATION}_bucket{_labels({**labels, 'le': bound})} {total}"
        yield f"{_DURATION}_count{_labels(labels)} {total}"
        yield f"{_DURATION}_sum{_labels(labels)} {row[-1]:.6f}"


def _active(counts: Counts, gauges: Iterable[Gauges]) -> Iterator[str]:
    # Earlier labels stay with the value 0, because a gauge's line must not disappear.
    found: Counter[tuple[str, str]] = Counter()
    found.update({(method, scheme): 0 for method, scheme, *_ in counts.requests})
    for each in gauges:
        for method, scheme, count in each.active:
            found[method, scheme] += count
    yield from _head(_ACTIVE, "gauge", "Requests in flight.")
    for (method, scheme), count in sorted(found.items()):
        labels = {"http_request_method": method, "url_scheme": scheme}
        yield f"{_ACTIVE}{_labels(labels)} {count}"


def _gauges(gauges: Mapping[str, Gauges]) -> Iterator[str]:
    yield from _head("ferryman_workers", "gauge", "Workers that run.")
    yield f"ferryman_workers {len(gauges)}"
    for name, text in (
        ("ferryman_event_loop_lag_seconds", "How late a worker's event loop was."),
        ("process_resident_memory_bytes", "Resident memory of a worker."),
    ):
        yield from _head(name, "gauge", text)
        for process, each in sorted(gauges.items()):
            value = f"{each.lag:.6f}" if "lag" in name else str(each.memory)
            yield f"{name}{_labels({'process_pid': process})} {value}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(labels: Mapping[str, str]) -> str:
    shown = (f'{name}="{_escaped(value)}"' for name, value in labels.items() if value)
    return "{" + ",".join(shown) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
