"""What an event source is to the rest of the runtime: a name and six functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ferryman.targets.lambda_.runtime.events.text import RESULT_LIMIT
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("Event", "EventSource", "Headers")

Event = dict[str, Any]
Headers = Sequence[tuple[str, str]]


class EventSource(NamedTuple):
    """An event source: it turns requests into events, and results into responses.

    Attributes:
        name: Its name, such as `function-url`.
        streams: Whether it forwards a response while the app writes it.
        matches: Returns whether an event came from this source. It takes any object, never raises.
        decode: Returns the HTTP request in an event that matches. It raises MalformedEvent if a
            field is missing or malformed.
        head: Returns a result without its body, from the status, headers with lower-case names, and
            the event. It is the prelude of a streamed response.
        encode: Returns the result with which the source sends a response.
        limit: Returns the most bytes of the result of an event.
    """

    name: str
    streams: bool
    matches: Callable[[Event], bool]
    decode: Callable[[Event], HttpRequest]
    head: Callable[[int, Headers, Event], dict[str, Any]]
    encode: Callable[[HttpResponse, Event], dict[str, Any]]
    limit: Callable[[Event], int] = lambda _: RESULT_LIMIT
