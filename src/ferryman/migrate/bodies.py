"""Finds the sizes of bodies in a measurement or in a file of requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferryman.migrate.har import read_har
from ferryman.migrate.parity import read_table
from ferryman.records.measurement import Measurement

__all__ = ("Body", "largest", "measured_bodies", "read_bodies")

_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Body:
    """The larger of the two bodies of a request.

    Attributes:
        request: Method and path.
        size: Bytes.
        streamed: Whether the response is known to be a stream.
    """

    request: str
    size: int
    streamed: bool = False


def largest(bodies: Iterable[Body]) -> Body | None:
    """Return the largest of some bodies."""
    return max(bodies, key=lambda body: body.size, default=None)


def measured_bodies(measurement: Measurement) -> tuple[Body, ...]:
    """Return the bodies of a measurement's routes, with mean sizes."""
    return tuple(
        Body(
            f"{route.method} {route.path}",
            round(max(route.cost.request_bytes, route.cost.response_bytes)),
        )
        for figures in measurement.targets.values()
        for route in figures.routes
    )


def read_bodies(path: Path) -> tuple[Body, ...]:
    """Return the bodies in a file of requests; a HAR file also has those of responses.

    Raises:
        ConfigError: The file cannot be read.
    """
    if path.suffix != ".har":
        rows = read_table(path)
        return tuple(Body(f"{row.method} {row.target}", len(row.body or b"")) for row in rows)
    requests = read_har(path)
    entries = json.loads(path.read_text(encoding="utf-8-sig"))["log"]["entries"]
    return tuple(
        Body(f"{r.method} {r.target}", max(len(r.body or b""), *_sizes(e)), _is_stream(e))
        for r, e in zip(requests, entries, strict=True)
    )


def _sizes(entry: dict[str, Any]) -> Iterator[int]:
    """Yield the sizes in the file; a HAR file writes -1 for an unknown size."""
    content = entry["response"].get("content") or {}
    for size in (entry["request"].get("bodySize"), content.get("size"), 0):
        yield size if isinstance(size, int) else 0


def _is_stream(entry: dict[str, Any]) -> bool:
    content = entry["response"].get("content") or {}
    return str(content.get("mimeType", "")).partition(";")[0].strip().lower() == _STREAM
