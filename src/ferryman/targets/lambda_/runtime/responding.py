"""From an event to its result: decode, have the app respond, encode or stream.

It knows nothing of the environment's life: it is given a started app and one event.
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

# Of the smallest limit that a source has, of which JSON takes six times as much at most.
_FITS_ANYWHERE = 40 * 1024 // 7

LAST_WORDS = 0.15
"""The seconds that a handler gets to end, once it is cut off, before it is answered for."""


async def respond(
    bridge: Bridge,
    streamed: tuple[str, ...],
    translate: Translate | None,
    event: dict[str, Any],
    facts: RequestContext,
) -> Any:
    """Return the result of an event, or `STREAMED` where it has gone out already.

    Where its task is cancelled, the result says that the time was up.

    Args:
        bridge: Leads to the started application.
        streamed: The names of the event sources that responses are streamed to.
        translate: What is to be done to each request before the app sees it.
        event: What the event source sent.
        facts: What is known of the request; it becomes the current context.

    Raises:
        UnknownEvent: The event is neither an HTTP request nor one that the app handles.
        TriggerFailed, TriggerCutOff: It is one that the app handles, and could not.
    """
    _set_context(facts)
    source = find_source(event)
    if source is None:
        # What handles other events is loaded when one comes.
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
        # aiohttp has answered what most handlers raise; this is what is left: a response
        # that broke off, one that no client may be sent, the time limit, or a raised
        # BaseException, which is what a panic in an extension written in Rust becomes.
        timed_out = _is_time_up(error)
        _log_failure(request, timed_out, error)
        response = _failure(timed_out)
    result = source.encode(response, event)
    if len(response.body) < _FITS_ANYWHERE:
        return result
    return _within_limit(source, event, len(response.body), result)


def cut_off(event: dict[str, Any]) -> dict[str, Any]:
    """Return the result of an event whose handler was cancelled and goes on all the same.

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
        # Lambda would refuse an error after the beginning of a response, and we would end.
        _log.error("%s %s: no more of it was taken: %r", request.method, request.target, error)
    return STREAMED


async def _end_in_time(feeding: Coroutine[Any, Any, object]) -> None:
    """Await a task of its own for this, and not for long once this is cancelled.

    Raises:
        asyncio.CancelledError: This was cancelled, whether the task has ended or not.
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
    """Answer with an error if nothing has been sent, else say that the body is not whole."""
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
    """Return whether this is the time limit, and not a cancellation of the app's own making."""
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
    """Return the result, or a clear error in place of one that Lambda or the source refuses."""
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
