"""The context of the request being served: its id, its trace, its deadline.

A runtime enters a context for each request; the app, its middlewares and its log
records read it. Concurrent requests each see their own, because it is a ContextVar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

from aiohttp import web

__all__ = (
    "EVENT",
    "Context",
    "RequestContext",
    "current_context",
    "event",
    "follow_trace",
    "remaining_time",
)

# aiohttp has typed request keys from 3.14 on.
EVENT: Any = (
    web.RequestKey("ferryman.event", Mapping) if hasattr(web, "RequestKey") else "ferryman.event"
)
"""The request key under which the Lambda runtime stores the raw event."""


class Context(Protocol):
    """The protocol of a request's context; `RequestContext` describes its members."""

    @property
    def request_id(self) -> str: ...  # noqa: D102

    @property
    def trace(self) -> str | None: ...  # noqa: D102

    @property
    def milliseconds_left(self) -> Callable[[], float] | None: ...  # noqa: D102

    @property
    def cold_start(self) -> bool: ...  # noqa: D102


class RequestContext(NamedTuple):
    """The runtime's data about one request.

    Attributes:
        request_id: The platform's id for the request.
        read_trace: Returns the unparsed value of the trace header, or None.
        milliseconds_left: Returns the time until the platform cuts the request off; None if nothing
            does.
        cold_start: Whether this is the first request of its process.
        event: The raw Lambda event; None elsewhere.
        told: The invocation's data from Lambda's context object.
    """

    request_id: str
    read_trace: Callable[[], str | None] | None = None
    milliseconds_left: Callable[[], float] | None = None
    cold_start: bool = False
    event: object = None
    told: object = None

    @property
    def trace(self) -> str | None:
        """The unparsed value of the trace header, or None."""
        return self.read_trace() if self.read_trace else None


current_context: ContextVar[Context | None] = ContextVar("ferryman.context", default=None)


def follow_trace(sent: str) -> None:
    """Use the trace that the caller of this request names, unless it is malformed.

    Args:
        sent: The value of the request's `traceparent` header.
    """
    context = current_context.get()
    if not isinstance(context, RequestContext):
        return
    else_trace = context.read_trace

    def trace() -> str | None:
        from ferryman.core.trace import read_trace  # it compiles patterns; few apps read traces

        return sent if read_trace(sent) or else_trace is None else else_trace()

    current_context.set(context._replace(read_trace=trace))


def remaining_time() -> float | None:
    """Return the seconds left before this request is cut off, never less than 0.

    None where nothing cuts requests off: on a server, or outside a request.
    """
    context = current_context.get()
    if context is None or context.milliseconds_left is None:
        return None
    return max(0.0, context.milliseconds_left() / 1000)


def event(request: web.BaseRequest) -> Mapping[str, object] | None:
    """Return the raw Lambda event behind a request, or None if there is none."""
    return request.get(EVENT)
