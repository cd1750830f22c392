"""Reads what event sources send, and writes what they expect back.

Each format is a module of its own that holds the sources which speak it; this one finds
the source that an event belongs to. None of them knows aiohttp.
"""

from __future__ import annotations

from ferryman.core.errors import UnknownEvent
from ferryman.targets.lambda_.runtime.events import alb, edge, http_v1, http_v2, lattice
from ferryman.targets.lambda_.runtime.events.source import EventSource

__all__ = ("SOURCES", "EventSource", "UnknownEvent", "find_source")

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
"""Every event source, the likeliest first; no event matches two."""


def find_source(event: object) -> EventSource:
    """Return the source that an event came from.

    Raises:
        UnknownEvent: It is not an HTTP request of any of them.
    """
    if isinstance(event, dict):
        for source in SOURCES:
            if source.matches(event):
                return source
    raise UnknownEvent(
        "this event is not an HTTP request",
        cause=f"it is {_outline(event)}",
        hint="invoke the function through a Function URL, an HTTP or REST API, a load "
        "balancer, VPC Lattice or CloudFront",
    )


def _outline(event: object) -> str:
    """Say what an event looks like, by its keys: its values may be private."""
    if not isinstance(event, dict):
        return f"no JSON object but of type {type(event).__name__}"
    keys = ", ".join(sorted(str(key) for key in event)[:12])
    return f"an object with the keys {keys}" if keys else "an empty object"
