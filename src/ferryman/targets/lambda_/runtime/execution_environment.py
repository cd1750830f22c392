"""A Lambda environment: the app, its event loop, and the start and end of a request.

It answers events with results. AWS's runtime client, ferryman's pollers or a test bring the events.
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

# Lambda ends a runtime 500 ms after SIGTERM. In-flight requests may take this part of it.
_SHUTDOWN_TIMEOUT = 0.3

# Lambda aborts an init after 10 seconds and begins again. The init includes Python's start and all
# imports.
_INIT_LIMIT = 9.0

# Seconds before the time limit at which a request is cut off, to leave time for the response.
_MARGIN = 0.25


class LambdaContext(Protocol):
    """The used part of the context that Lambda passes with an event."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the invocation times out."""


class Environment:
    """Answers events with the application, on one event loop.

    Args:
        source: The application, its factory, or its reference.
        options: The options that the build wrote.

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
        # A begun stream cannot become another response, and `responding` limits its end itself.
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
        """Return the result of an event, or `STREAMED` if it was sent as a stream.

        Raises:
            UnknownEvent: The event is neither an HTTP request nor an event that the app handles.
            TriggerFailed, TriggerCutOff: The app failed to handle the event.
            AppError: The application did not start in time, or fails to start now.
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
        """Return the result of an event, on the loop, where other events may be in flight.

        It sets the context of its task, so each event needs a separate task. To enforce the time
        limit, cancel that task after `seconds_to_answer`.
        """
        if self._bridge is None:
            return self._respond_once_started(event, facts)
        return respond(self._bridge, self._streamed, self._translate, event, facts)

    def ask(self, request: HttpRequest, timeout: float) -> HttpResponse:
        """Return the app's response to a request without an event.

        Args:
            request: The request.
            timeout: Seconds that it may take.

        Raises:
            asyncio.CancelledError, StillRunning: It took longer.
            Exception: The response is invalid.
        """
        assert self._bridge is not None
        respond = self._bridge.respond(request)
        return self.loop.run_at_once(respond, lambda: timeout, LAST_WORDS)

    def finish_tasks(self) -> None:
        """Let the work that the last request started finish, after its response.

        The request's time limit applies until the runtime asks for the next event.
        """
        if self._tasks.has_work():
            self._tasks.finish(self._last, self._seconds_left())

    def stop(self) -> None:
        """Stop the application and close the loop. The environment cannot be used again.

        It first cancels the tasks of requests, while the app's resources still exist.
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
        # The loop does not run yet, because the app's module or factory may run it.
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
        """Wait for the app's start, but only until shortly before Lambda aborts the init."""
        assert self._starting is not None
        timeout = _init_time_left()
        self.loop.run_until_complete(asyncio.wait({self._starting}, timeout=timeout))
        if self._starting.done():
            self._take_over()
        else:
            _log.warning("the application is still starting; the first request waits for it")

    def _take_over(self) -> None:
        assert self._starting is not None
        runner = self._starting.result()
        self._bridge = make_bridge(runner, self.loop)
        self._tasks = TaskWatch(self.loop, self.options.task_budget)

    async def _respond_once_started(self, event: dict[str, Any], facts: RequestContext) -> Any:
        """Wait for the app, which is still starting, and respond."""
        assert self._starting is not None
        try:
            await asyncio.shield(self._starting)
        except asyncio.CancelledError:
            raise AppError(
                "the application had not started when the request had to be answered",
                hint="the next request waits for it again; start faster, or allow more time",
            ) from None
        if self._bridge is None:  # several requests may have waited
            self._take_over()
        return await self.respond(event, facts)


def _declare(options: EnvironmentOptions) -> None:
    """Declare the target's capabilities before the app is loaded."""
    offered = capabilities.current()
    if offered.target != CAPABILITIES.target:  # managed_instances has declared its own
        offered = CAPABILITIES
    if options.streaming:
        offered = offer_streaming(offered)
    capabilities.declare(offered._replace(base_path=options.base_path))


def _access_logging() -> dict[str, Any]:
    """Return the settings of a runner that logs each request."""
    # Imported here because most cold starts do not need it.
    from ferryman.targets.lambda_.runtime.json_logs import AccessLogger, write_json

    return {"access_log": write_json(), "access_log_class": AccessLogger}


# AWS's client sets this variable for each invocation, and there is only one at a time.
_read_trace = partial(os.environ.get, "_X_AMZN_TRACE_ID")


def seconds_to_answer(facts: RequestContext) -> float:
    """Return the seconds after which a request must be cut off, to leave time to answer."""
    assert facts.milliseconds_left is not None
    return max(0.0, facts.milliseconds_left() / 1000 - _MARGIN)


def _init_time_left() -> float | None:
    """Return the seconds that the app may take to start; None if Lambda sets no such limit."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "on-demand":
        return None
    return max(0.0, _INIT_LIMIT - _process_age())


def _process_age() -> float:
    """Return the seconds since this process started, by the kernel's clock."""
    with open("/proc/self/stat", encoding="ascii") as file:  # noqa: PTH123
        began = int(file.read().rpartition(")")[2].split()[19])
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    return now - began / os.sysconf("SC_CLK_TCK")
