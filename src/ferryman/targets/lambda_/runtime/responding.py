"""Turns an event into its result: decodes it, calls the app, and encodes or streams the response.

It receives a started app and one event, and knows nothing of the environment's lifecycle.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Coroutine
from typing import Any

from ferryman.core.context import RequestContext, current_context
from ferryman.core.errors import ENDINGS
from ferryman.targets.lambda_.runtime.bridging import Bridge
from ferryman.targets.lambda_.runtime.events import EventSource, find_source
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.events.text import RESULT_LIMIT, surely_fits
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.problems import problem
from ferryman.targets.lambda_.runtime.streaming import STREAMED, ResponseStream, Streamed
from ferryman.targets.lambda_.runtime.translation import Translate

__all__ = ("LAST_WORDS", "cut_off", "respond")

_log = logging.getLogger(__name__)

_set_context = current_context.set

# Derived from the lowest limit of all sources; JSON takes six bytes for a byte at most.
_FITS_ANYWHERE = 40 * 1024 // 7

LAST_WORDS = 0.15
"""Seconds that a handler has to end after it is cut off, before the runtime responds."""


async def respond(
    bridge: Bridge,
    streamed: tuple[str, ...],
    translate: Translate | None,
    event: dict[str, Any],
    facts: RequestContext,
) -> Any:
    """Return the result of an event, or `STREAMED` if the response was sent already.

    If its task is cancelled, the result reports the time limit.

    Args:
        bridge: The bridge to the started application.
        streamed: The names of the event sources that receive streams.
        translate: Changes each request before the app sees it; None changes nothing.
        event: The event.
        facts: The request's context, which becomes the current one.

    Raises:
        UnknownEvent: The event is neither an HTTP request nor one that the app handles.
        TriggerFailed, TriggerCutOff: The app could not handle an event that it accepts.
    """
    _set_context(facts)
    source = find_source(event)
    if source is None:
        # The code for other events loads with the first of them.
        from ferryman.targets.lambda_.runtime.triggers import answer_trigger

        return await answer_trigger(bridge.app, event)
    try:
        request = source.decode(event)
    except MalformedEvent as error:
        _log.warning("refused an event: %s", error)
        return source.encode(problem(400, "Bad Request", error.message), event)
    if translate is not None:
        request = translate(request)
    if streamed and source.name in streamed:
        return await _stream(bridge, source, request, event, facts)
    try:
        response = await bridge.respond(request, event)
    except ENDINGS:
        raise
    except BaseException as error:
        # aiohttp answers most exceptions of handlers. These are left: an incomplete or an invalid
        # response, the time limit, and a BaseException, such as a panic in a Rust extension.
        timed_out = _is_time_up(error)
        _log_failure(request, timed_out, error)
        response = _failure(timed_out)
    result = source.encode(response, event)
    if len(response.body) < _FITS_ANYWHERE:
        return result
    return _within_limit(source, event, len(response.body), result)


def cut_off(event: dict[str, Any]) -> dict[str, Any]:
    """Return the result of an event whose handler continues although it was cancelled.

    Raises:
        TriggerCutOff: The event is not an HTTP request.
    """
    _log.error("the handler did not end when it was cut off at the time limit")
    source = find_source(event)
    if source is None:
        from ferryman.core.deliveries import TriggerCutOff

        raise TriggerCutOff(
            "the event was cut off at the time limit, and its handler did not end",
            hint="let asyncio.CancelledError pass, and do little in its `finally`",
        )
    return source.encode(_failure(timed_out=True), event)


async def _stream(
    bridge: Bridge,
    source: EventSource,
    request: HttpRequest,
    event: dict[str, Any],
    facts: RequestContext,
) -> Streamed:
    stream = ResponseStream(os.environ["AWS_LAMBDA_RUNTIME_API"], facts.request_id)

    def prelude(head: HttpResponse) -> dict[str, Any]:
        return source.head(head.status, head.headers, event)

    try:
        try:
            await _end_in_time(bridge.stream(request, event, stream, prelude))
        except ENDINGS:
            raise
        except BaseException as error:
            await _break_off(stream, source, event, request, error)
        else:
            await stream.end()
    except (OSError, EOFError) as error:
        if not stream.begun:
            raise
        # Lambda rejects an error after a response has begun, and the process would end.
        _log.error("%s %s: no more of it was taken: %r", request.method, request.target, error)
    return STREAMED


async def _end_in_time(feeding: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine as a task; after a cancellation, give it a short time to end.

    Raises:
        asyncio.CancelledError: The caller was cancelled; the task may still run.
        BaseException: What the task raised.
    """
    task = asyncio.create_task(feeding)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=LAST_WORDS)
        raise
    task.result()


async def _break_off(
    stream: ResponseStream,
    source: EventSource,
    event: dict[str, Any],
    request: HttpRequest,
    error: BaseException,
) -> None:
    """Send an error if nothing was sent yet, else mark the body as incomplete."""
    timed_out = _is_time_up(error)
    _log_failure(request, timed_out, error)
    if stream.begun:
        await stream.fail(
            "Ferryman.TimeLimit" if timed_out else "Ferryman.BrokenResponse",
            "the request took too long" if timed_out else "the response broke off",
        )
        return
    response = _failure(timed_out)
    await stream.begin(source.head(response.status, response.headers, event))
    stream.write(response.body)
    await stream.end()


def _is_time_up(error: BaseException) -> bool:
    """Return whether the time limit caused an error, and not a cancellation by the app."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _log_failure(request: HttpRequest, timed_out: bool, error: BaseException) -> None:
    _log.error(
        "%s %s: %s",
        request.method,
        request.target,
        "cut off at the time limit" if timed_out else "no whole response",
        exc_info=None if timed_out else error,
    )


def _failure(timed_out: bool) -> HttpResponse:
    if timed_out:
        return problem(504, "Gateway Timeout", "the request took too long")
    return problem(500, "Internal Server Error", "the response could not be sent")


def _within_limit(
    source: EventSource, event: dict[str, Any], body: int, result: dict[str, Any]
) -> dict[str, Any]:
    """Return the result, or an error if Lambda or the source would reject its size."""
    limit = source.limit(event)
    if surely_fits(body, limit) or (size := len(json.dumps(result))) <= limit:
        return result
    takes = "Lambda" if limit == RESULT_LIMIT else source.name
    detail = (
        f"the response makes a result of {size} bytes, and {takes} takes {limit}; stream it "
        "through a Function URL (streaming = true in [tool.ferryman.lambda]), or answer with less"
    )
    _log.error(detail)
    return source.encode(problem(500, "Response Too Large", detail), event)
