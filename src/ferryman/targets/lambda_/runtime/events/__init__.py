"""Decodes the events of each event source, and encodes its results.

Each format has a module, which defines the sources that use it. This module finds the source of an
event. None of them knows aiohttp.
"""

from __future__ import annotations

from ferryman.targets.lambda_.runtime.events import alb, edge, http_v1, http_v2, lattice
from ferryman.targets.lambda_.runtime.events.source import EventSource

__all__ = ("SOURCES", "EventSource", "find_source")

SOURCES: tuple[EventSource, ...] = (
    http_v2.FUNCTION_URL,
    http_v2.HTTP_API,
    http_v1.REST_API,
    http_v1.HTTP_API_V1,
    alb.ALB,
    alb.ALB_MULTI_VALUE,
    lattice.LATTICE_V2,
    lattice.LATTICE_V1,
    edge.EDGE,
)
"""All event sources, the most frequent first. An event matches one of them at most."""


def find_source(event: object) -> EventSource | None:
    """Return the source that an event came from, or None if it is not an HTTP request."""
    if isinstance(event, dict):
        for source in SOURCES:
            if source.matches(event):
                return source
    return None
