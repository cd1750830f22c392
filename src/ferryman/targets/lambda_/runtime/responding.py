"""From an event to its result: decode, have the app respond, encode or stream.

It knows nothing of the environment's life: it is given a started app and one event.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from functools import partial
from typing import Any

from ferryman.core.context import RequestContext, current_context
from ferryman.targets.lambda_.runtime.bridge import Bridge
from ferryman.targets.lambda_.runtime.events import EventSource, find_source
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.problems import problem
from ferryman.targets.lambda_.runtime.streaming import (
    STREAMED,
    ResponseStream,
    Streamed,
    StreamingWriter,
)
from ferryman.targets.lambda_.runtime.translation import Translate
from ferryman.targets.lambda_.runtime.transport import CapturingWriter

__all__ = ("respond",)

_log = logging.getLogger(__name__)

# "Lambda quotas": what a synchronous invocation may answer. Below a sixth of it no JSON
# of a body can be longer.
_RESULT_LIMIT = 6 * 1024 * 1024
_SURELY_SHORT = _RESULT_LIMIT // 7


async def respond(
    bridge: Bridge,
    streaming: bool,
    translate: Translate | None,
    event: dict[str, Any],
    facts: RequestContext,
) -> dict[str, Any] | Streamed:
    """Return the result of an event, or `STREAMED` where it has gone out already.

    Where its task is cancelled, the result says that the time was up.

    Args:
        bridge: Leads to the started application.
        streaming: Whether responses are streamed to sources that can take it.
        translate: What is to be done to each request before the app sees it.
        event: What the event source sent.
        facts: What is known of the request; it becomes the current context.

    Raises:
        UnknownEvent: The event is neither an HTTP request nor one that the app handles.
        TriggerFailed, TriggerCutOff: It is one that the app handles, and could not.
    """
    current_context.set(facts)
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
    if streaming and source.streams:
        return await _stream(bridge, source, request, event, facts)
    try:
        writer = await bridge.feed(request, event, CapturingWriter)
        response = writer.response()
    except asyncio.CancelledError:
        _log.error("%s %s: cut off at the time limit", request.method, request.target)
        response = _failure(timed_out=True)
    except Exception:
        # aiohttp has answered whatever the handler raised; this is what is left: a
        # response that broke off, or one that no client may be sent.
        _log.exception("%s %s: no response", request.method, request.target)
        response = _failure(timed_out=False)
    result = source.encode(response, event)
    if len(response.body) < _SURELY_SHORT:
        return result
    return _within_limit(source, event, result)


async def _stream(
    bridge: Bridge,
    source: EventSource,
    request: HttpRequest,
    event: dict[str, Any],
    facts: RequestContext,
) -> Streamed:
    stream = ResponseStream(os.environ["AWS_LAMBDA_RUNTIME_API"], facts.request_id)
    make_writer = partial(
        StreamingWriter,
        stream=stream,
        prelude=lambda whole: source.head(whole.status, whole.headers, event),
    )
    try:
        await bridge.feed(request, event, make_writer)
    except (asyncio.CancelledError, Exception) as error:
        await _break_off(stream, source, event, request, error)
    else:
        await stream.end()
    return STREAMED


async def _break_off(
    stream: ResponseStream,
    source: EventSource,
    event: dict[str, Any],
    request: HttpRequest,
    error: BaseException,
) -> None:
    """Answer with an error if nothing has been sent, else say that the body is not whole."""
    timed_out = isinstance(error, asyncio.CancelledError)
    _log.error(
        "%s %s: %s",
        request.method,
        request.target,
        "cut off at the time limit" if timed_out else "the response broke off",
        exc_info=None if timed_out else error,
    )
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


def _failure(timed_out: bool) -> HttpResponse:
    if timed_out:
        return problem(504, "Gateway Timeout", "the request took too long")
    return problem(500, "Internal Server Error", "the response could not be sent")


def _within_limit(
    source: EventSource, event: dict[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Return the result, or a clear error in place of one that Lambda would die of."""
    size = len(json.dumps(result))
    if size <= _RESULT_LIMIT:
        return result
    detail = (
        f"the response makes a result of {size} bytes, and Lambda takes {_RESULT_LIMIT}; "
        "stream it (streaming = true in [tool.ferryman.lambda]), or answer with less"
    )
    _log.error(detail)
    return source.encode(problem(500, "Response Too Large", detail), event)
