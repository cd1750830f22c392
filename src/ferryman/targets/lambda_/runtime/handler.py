"""The function that Lambda calls, and the environment's one event loop behind it.

The app is started when the handler is made, in the environment's init phase, and lives
on that loop until the process ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from contextvars import copy_context
from typing import Any, Protocol

from ferryman.core import capabilities
from ferryman.core.context import RequestContext, current_context
from ferryman.core.lifecycle import start_app
from ferryman.core.loader import AppReference, AppSource
from ferryman.core.settings import load_settings
from ferryman.targets.lambda_.runtime.bridge import Bridge
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES
from ferryman.targets.lambda_.runtime.events import EventSource, find_source
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop
from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("LambdaContext", "LambdaHandler", "lambda_handler")

_log = logging.getLogger(__name__)

# Lambda gives a runtime 500 ms to end; requests in flight can have a part of that.
_SHUTDOWN_TIMEOUT = 0.3


class LambdaContext(Protocol):
    """What the handler uses of the context that Lambda passes."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the invocation times out."""


class LambdaHandler:
    """Answers invocations with the application, one at a time, on one event loop.

    Args:
        source: The application, its factory, or its reference.

    Raises:
        AppError: The application could not be loaded or failed to start.
    """

    def __init__(self, source: AppSource | AppReference | str) -> None:
        capabilities.declare(CAPABILITIES)
        self._loop = EnvironmentLoop()
        asyncio.set_event_loop(self._loop)
        self._cold = True
        try:
            self._runner = self._loop.run_until_complete(
                start_app(source, shutdown_timeout=_SHUTDOWN_TIMEOUT)
            )
        except BaseException:
            self.close()
            raise
        self._bridge = Bridge(self._runner, self._loop)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Return the result of one invocation.

        Raises:
            UnknownEvent: The event is not an HTTP request.
        """
        source = find_source(event)
        return self._loop.run_at_once(self._respond(source, event, context), copy_context())

    def close(self) -> None:
        """Stop the application and close the loop. Nothing can be answered after it."""
        runner = getattr(self, "_runner", None)
        if runner is not None:
            self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        self._loop.close()

    async def _respond(
        self, source: EventSource, event: dict[str, Any], context: LambdaContext
    ) -> dict[str, Any]:
        current_context.set(self._context(context))
        try:
            request = source.decode(event)
        except MalformedEvent as error:
            _log.warning("refused an event: %s", error)
            return source.encode(_problem(400, "Bad Request", error.message))
        try:
            response = await self._bridge.respond(request, event)
        except Exception:
            # aiohttp has answered whatever the handler raised; this is what is left: a
            # response that broke off, or one that no client may be sent.
            _log.exception("%s %s: no response", request.method, request.target)
            response = _problem(500, "Internal Server Error", "the response could not be sent")
        return source.encode(response)

    def _context(self, context: LambdaContext) -> RequestContext:
        cold, self._cold = self._cold, False
        return RequestContext(
            request_id=context.aws_request_id,
            trace=os.environ.get("_X_AMZN_TRACE_ID"),
            milliseconds_left=context.get_remaining_time_in_millis,
            cold_start=cold,
        )


def lambda_handler(source: AppSource | AppReference | str | None = None) -> LambdaHandler:
    """Return a handler for AWS Lambda that answers with an aiohttp application.

    Call it at a module's top level, so that the application starts in the init phase:
    `handler = lambda_handler("shop.app:create_app")`.

    Args:
        source: The application, its factory, or its reference `module:attribute`; by
            default the one that the build baked into the artifact.

    Raises:
        ConfigError: No source is given and there are no baked settings.
        AppError: The application could not be loaded or failed to start.
    """
    return LambdaHandler(load_settings().app if source is None else source)


def _problem(status: int, title: str, detail: str) -> HttpResponse:
    """Return an answer of our own, where the app cannot give one (RFC 9457)."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return HttpResponse(
        status=status,
        headers=(("content-type", "application/problem+json"),),
        body=json.dumps(problem).encode(),
    )
