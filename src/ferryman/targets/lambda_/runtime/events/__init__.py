"""Reads what event sources send, and writes what they expect back.

Each event source is a module of its own that offers `matches`, `decode` and `encode`;
this one finds the module that an event belongs to. None of them knows aiohttp.
"""

from __future__ import annotations

from typing import Any, Protocol

from ferryman.core.errors import FerrymanError
from ferryman.targets.lambda_.runtime.events import http_v2
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("EventSource", "UnknownEvent", "find_source")

Event = dict[str, Any]


class UnknownEvent(FerrymanError):
    """An event that is not an HTTP request of any source that is known."""


class EventSource(Protocol):
    """What a module of this package offers."""

    def matches(self, event: Event) -> bool:
        """Return whether an event came from this source."""

    def decode(self, event: Event) -> HttpRequest:
        """Return the HTTP request in an event.

        Raises:
            MalformedEvent: A field is missing, or not what it should be.
        """

    def encode(self, response: HttpResponse) -> dict[str, Any]:
        """Return the result that makes the source send this response."""


_SOURCES: tuple[EventSource, ...] = (http_v2,)


def find_source(event: object) -> EventSource:
    """Return the source that an event came from.

    Raises:
        UnknownEvent: It is not an HTTP request of any of them.
    """
    if isinstance(event, dict):
        for source in _SOURCES:
            if source.matches(event):
                return source
    raise UnknownEvent(
        "this event is not an HTTP request",
        cause=f"it is {_outline(event)}",
        hint="invoke the function through a Function URL, or an HTTP API with payload format 2.0",
    )


def _outline(event: object) -> str:
    """Say what an event looks like, by its keys: its values may be private."""
    if not isinstance(event, dict):
        return f"no JSON object but of type {type(event).__name__}"
    keys = ", ".join(sorted(str(key) for key in event)[:12])
    return f"an object with the keys {keys}" if keys else "an empty object"
