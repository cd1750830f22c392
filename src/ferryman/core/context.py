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

# aiohttp has keys with a type from 3.14 on.
EVENT: Any = (
    web.RequestKey("ferryman.event", Mapping) if hasattr(web, "RequestKey") else "ferryman.event"
)
"""Where a Lambda runtime leaves the raw event on the request."""


class Context(Protocol):
    """What a runtime tells of the request being served, as `RequestContext` describes it."""

    @property
    def request_id(self) -> str: ...  # noqa: D102

    @property
    def trace(self) -> str | None: ...  # noqa: D102

    @property
    def milliseconds_left(self) -> Callable[[], float] | None: ...  # noqa: D102

    @property
    def cold_start(self) -> bool: ...  # noqa: D102


class RequestContext(NamedTuple):
    """What the runtime knows of one request.

    Attributes:
        request_id: The platform's id for the request.
        read_trace: Tells the value of the trace header, as it came, or None; reading it is
            left to the caller.
        milliseconds_left: Tells how long it is until the platform cuts the request off;
            None where nothing does.
        cold_start: Whether this is the first request of its process.
        event: The event behind it, on Lambda.
        told: What Lambda told beside the event, as its context object has it.
    """

    request_id: str
    read_trace: Callable[[], str | None] | None = None
    milliseconds_left: Callable[[], float] | None = None
    cold_start: bool = False
    event: object = None
    told: object = None

    @property
    def trace(self) -> str | None:
        """The value of the trace header, as it came, or None."""
        return self.read_trace() if self.read_trace else None


current_context: ContextVar[Context | None] = ContextVar("ferryman.context", default=None)


def follow_trace(sent: str) -> None:
    """Use the trace that the caller of this request names, unless it is malformed.

    Args:
        sent: The value of its `traceparent`.
    """
    context = current_context.get()
    if not isinstance(context, RequestContext):
        return
    else_trace = context.read_trace

    def trace() -> str | None:
        from ferryman.core.trace import read_trace  # compiles patterns, which few ask for

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
    """Return the raw Lambda event behind a request, or None where there is none."""
    return request.get(EVENT)
