"""One Lambda environment: the app, its event loop, and what happens around a request.

It answers events with results and knows nothing of who brings them: AWS's runtime client,
our pollers, or a test.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any, Protocol

from aiohttp import web

from ferryman.core import capabilities
from ferryman.core.context import RequestContext
from ferryman.core.errors import AppError
from ferryman.core.lifecycle import start_app
from ferryman.core.loader import AppReference, AppSource, call_source
from ferryman.targets.lambda_.runtime.bridging import Bridge, make_bridge, runner_settings
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES, offer_streaming
from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop, StillRunning
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions, streamed_sources
from ferryman.targets.lambda_.runtime.responding import LAST_WORDS, cut_off, respond
from ferryman.targets.lambda_.runtime.tasks import TaskWatch
from ferryman.targets.lambda_.runtime.translation import translation

__all__ = ("Environment", "LambdaContext", "seconds_to_answer")

_log = logging.getLogger(__name__)

# Lambda gives a runtime 500 ms to end; requests in flight can have a part of that.
_SHUTDOWN_TIMEOUT = 0.3

# A function's init may take 10 seconds before Lambda gives it up and begins again, with
# Python's start and the imports in it.
_INIT_LIMIT = 9.0

# How long before the limit a request is cut off: enough to answer, and little of it.
_MARGIN = 0.25


class LambdaContext(Protocol):
    """What is used of the context that Lambda passes with an event."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the invocation times out."""


class Environment:
    """Answers events with the application, on one event loop.

    Args:
        source: The application, its factory, or its reference.
        options: What the build decided.

    Raises:
        AppError: The application could not be loaded or failed to start.
    """

    def __init__(self, source: AppSource | AppReference | str, options: EnvironmentOptions) -> None:
        _declare(options)
        self.loop = EnvironmentLoop()
        asyncio.set_event_loop(self.loop)
        self._source = source
        self.options = options
        self._translate = translation(options)
        self._streamed = streamed_sources(options.streaming)
        self.cold = True
        """True until the first request starts."""
        self._logging = _access_logging() if options.json_logs else {}
        if options.log_level:
            logging.getLogger().setLevel(options.log_level)
        self._bridge: Bridge | None = None
        self._last: RequestContext | None = None
        # What has begun to stream cannot be answered in another way; it has a patience of its own.
        self._patience = None if options.streaming else LAST_WORDS
        self._tasks = TaskWatch(self.loop, options.task_budget)
        self._starting: asyncio.Task[Any] | None = None
        try:
            self._begin_start()
            self._start_in_time()
        except BaseException:
            self.stop()
            raise

    def answer(self, event: dict[str, Any], context: LambdaContext) -> Any:
        """Return the result of an event, or `STREAMED` where it has gone out already.

        Raises:
            UnknownEvent: The event is neither an HTTP request nor one that the app handles.
            TriggerFailed, TriggerCutOff: It is one that the app handles, and could not.
            AppError: The application had not started in time, and failed to start now.
        """
        request_id, milliseconds_left = context.aws_request_id, context.get_remaining_time_in_millis
        facts = tuple.__new__(
            RequestContext,
            (request_id, _read_trace, milliseconds_left, self.cold, event, context),
        )
        self.cold = False
        self._last = facts
        if self._bridge is None and self._failed():
            self._begin_start()
        try:
            return self.loop.run_at_once(
                self.respond(event, facts), self._seconds_left, self._patience, request_id
            )
        except StillRunning:
            return cut_off(event)

    def respond(self, event: dict[str, Any], facts: RequestContext) -> Coroutine[Any, Any, Any]:
        """Do what `answer` does, on the loop, where other events may be under way.

        It sets the context of its task, so that each event wants a task of its own. To
        enforce the time limit, cancel that task after `seconds_to_answer`.
        """
        if self._bridge is None:
            return self._respond_once_started(event, facts)
        return respond(self._bridge, self._streamed, self._translate, event, facts)

    def ask(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Return the app's response to a request that no event brought.

        Args:
            request: The request.
            timeout: Seconds after which it is given up.

        Raises:
            asyncio.CancelledError, StillRunning: It took longer.
            Exception: The response cannot be sent.
        """
        assert self._bridge is not None
        respond = self._bridge.respond(request)
        return self.loop.run_at_once(respond, lambda: timeout, LAST_WORDS)

    def finish_tasks(self) -> None:
        """Let what the last request started finish, now that its response is on its way.

        Its time limit counts until the next one is asked for.
        """
        if self._tasks.has_work():
            self._tasks.finish(self._last, self._seconds_left())

    def stop(self) -> None:
        """Stop the application and close the loop. Nothing can be answered after it.

        What requests are doing is cancelled first, while the app's resources are there.
        """
        self._tasks.cancel(_SHUTDOWN_TIMEOUT)
        if self._starting and self._starting.done() and not self._failed():
            self.loop.run_until_complete(self._starting.result().cleanup())
        if connections := sys.modules.get("ferryman.core.gateway_connections"):
            self.loop.run_until_complete(connections.close_sessions())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        self.loop.close()

    def _seconds_left(self) -> float:
        return seconds_to_answer(self._last) if self._last else math.inf

    def _begin_start(self) -> None:
        # The loop does not run yet: the app's module or factory may run it.
        source = call_source(self._source)
        asyncio.set_event_loop(self.loop)  # asyncio.run leaves none
        starting = start_app(
            source,
            shutdown_timeout=_SHUTDOWN_TIMEOUT,
            prepare=self._prepare,
            **runner_settings(),
            **self._logging,
        )
        self._starting = self.loop.create_task(starting, name="start of the application")

    def _prepare(self, app: web.Application) -> None:
        if self.options.record:
            from ferryman.core.recording import record_requests

            record_requests(app, self.options.record, bodies=self.options.record_bodies)

    def _failed(self) -> bool:
        starting = self._starting
        return starting is not None and starting.done() and starting.exception() is not None

    def _start_in_time(self) -> None:
        """Wait until the app has started, but no longer than to where Lambda begins again."""
        assert self._starting is not None
        timeout = _init_time_left()
        self.loop.run_until_complete(asyncio.wait({self._starting}, timeout=timeout))
        if self._starting.done():
            self._take_over()
        else:
            _log.warning("the application still starts; the first request waits for it")

    def _take_over(self) -> None:
        assert self._starting is not None
        runner = self._starting.result()
        self._bridge = make_bridge(runner, self.loop)
        self._tasks = TaskWatch(self.loop, self.options.task_budget)

    async def _respond_once_started(self, event: dict[str, Any], facts: RequestContext) -> Any:
        """Wait for the app, which still starts."""
        assert self._starting is not None
        try:
            await asyncio.shield(self._starting)
        except asyncio.CancelledError:
            raise AppError(
                "the application had not started when the request had to be answered",
                hint="the next request waits for it again; start faster, or allow more time",
            ) from None
        if self._bridge is None:  # where several have waited, one is the first
            self._take_over()
        return await self.respond(event, facts)


def _declare(options: EnvironmentOptions) -> None:
    """Tell the app what it is offered, before it is loaded."""
    offered = capabilities.current()
    if offered.target != CAPABILITIES.target:  # pollers have declared more than this by now
        offered = CAPABILITIES
    if options.streaming:
        offered = offer_streaming(offered)
    capabilities.declare(offered._replace(base_path=options.base_path))


def _access_logging() -> dict[str, Any]:
    """Return the settings of a runner that has each request logged."""
    # Imported where it is asked for: most cold starts do without.
    from ferryman.targets.lambda_.runtime.json_logs import AccessLogger, write_json

    return {"access_log": write_json(), "access_log_class": AccessLogger}


# Lambda's clients set it for each invocation, and there is one at a time.
_read_trace = partial(os.environ.get, "_X_AMZN_TRACE_ID")


def seconds_to_answer(facts: RequestContext) -> float:
    """Return the seconds after which a request must be cut off, to be answered in time."""
    assert facts.milliseconds_left is not None
    return max(0.0, facts.milliseconds_left() / 1000 - _MARGIN)


def _init_time_left() -> float | None:
    """Return the seconds the app may take to start, or None where Lambda is patient."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "on-demand":
        return None
    return max(0.0, _INIT_LIMIT - _process_age())


def _process_age() -> float:
    """Return the seconds since this process began, by the kernel's clock."""
    with open("/proc/self/stat", encoding="ascii") as file:  # noqa: PTH123
        began = int(file.read().rpartition(")")[2].split()[19])
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return now - began / os.sysconf("SC_CLK_TCK")
