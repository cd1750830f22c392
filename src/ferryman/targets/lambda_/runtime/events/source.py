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
    """What turns requests into events, and results into responses.

    Attributes:
        name: What it is called, such as `function-url`.
        streams: Whether it passes a response on as it is produced.
        matches: Whether an event came from this source. It takes any object and never raises.
        decode: The HTTP request in an event that matches. It raises MalformedEvent if a
            field is missing, or not what it should be.
        head: The beginning of a result, which says everything but the body: from status,
            headers by lower-case name, and the event. Where a response streams, it is the
            prelude.
        encode: The result that makes the source send a response to an event.
        limit: The bytes that the result of an event may have.
    """

    name: str
    streams: bool
    matches: Callable[[Event], bool]
    decode: Callable[[Event], HttpRequest]
    head: Callable[[int, Headers, Event], dict[str, Any]]
    encode: Callable[[HttpResponse, Event], dict[str, Any]]
    limit: Callable[[Event], int] = lambda _: RESULT_LIMIT
