"""Answers many invocations at once in one process, for Lambda Managed Instances.

AWS's own client forks a process for each possible concurrent request. Here each is a task, which
asks for an invocation, answers it and asks again. All tasks share one event loop and one app.
Sources: "Building custom runtimes for Lambda Managed Instances" and "Understanding the Lambda
Managed Instances execution environment", in the AWS Lambda developer guide.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from ferryman.core.context import RequestContext
from ferryman.core.errors import FerrymanError
from ferryman.targets.lambda_.runtime.execution_environment import Environment, seconds_to_answer
from ferryman.targets.lambda_.runtime.invocation_context import InvocationContext
from ferryman.targets.lambda_.runtime.runtime_connection import Answer, RuntimeConnection
from ferryman.targets.lambda_.runtime.streaming import INVOCATION_ID, Streamed

__all__ = ("Pollers", "RuntimeApiGone", "error_document", "unforeseen")

_log = logging.getLogger(__name__)

_BASE = "/2018-06-01/runtime/invocation"
_IDENTIFIER = "lambda-runtime-aws-request-id"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_INVOCATION = "Lambda-Runtime-Invocation-Id"

# Lambda ends a runtime half a second after SIGTERM. In-flight requests may take this part of it,
# and then, after their cancellation, the second part to answer.
_GRACE = 0.3
_LAST_WORDS = 0.1

# The longest that a function may take, in seconds: "Lambda quotas".
_LONGEST = 900.0


class RuntimeApiGone(FerrymanError):
    """The Runtime API no longer answers."""


class InvalidEvent(FerrymanError):
    """An event that is not JSON."""


class TimeLimitReached(FerrymanError):
    """An invocation was cut off before it began."""


class Pollers:
    """Tasks that ask for invocations and answer them.

    Args:
        environment: The started environment, which answers the invocations.
        api: Host and port of the Runtime API.
        count: The number of concurrent invocations.
    """

    def __init__(self, environment: Environment, api: str, count: int) -> None:
        self._environment = environment
        self._api = api
        self._count = count
        self._waiting: set[asyncio.Task[None]] = set()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Answer invocations until `end` is called, then finish those in flight.

        Raises:
            RuntimeApiGone: The Runtime API no longer answers.
        """
        names = [f"poller {number}" for number in range(1, self._count + 1)]
        pollers = [asyncio.create_task(self._poll(), name=name) for name in names]
        ending = asyncio.create_task(self._ending.wait(), name="end of the pollers")
        await asyncio.wait({ending, *pollers}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        self.end()
        await self._finish(pollers)
        for failure in [poller.exception() for poller in pollers if _returned(poller)]:
            if failure:
                raise failure

    def end(self) -> None:
        """Stop asking for invocations."""
        self._ending.set()

    async def _finish(self, pollers: list[asyncio.Task[None]]) -> None:
        for poller in tuple(self._waiting):
            poller.cancel()
        await asyncio.wait(pollers, timeout=_GRACE)
        for request in self._under_way:
            request.cancel()
        await asyncio.wait(pollers, timeout=_LAST_WORDS)

    async def _poll(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = RuntimeConnection(self._api)
        try:
            while not self._ending.is_set():
                self._waiting.add(task)
                invocation = await _ask_for_invocation(connection)
                self._waiting.discard(task)
                await self._answer(connection, invocation)
        finally:
            self._waiting.discard(task)
            connection.close()

    async def _answer(self, connection: RuntimeConnection, invocation: Answer) -> None:
        """Post the result of an invocation, or its error."""
        identifier = invocation.headers[_IDENTIFIER]
        path = f"{_BASE}/{identifier}"
        headers = {"Content-Type": "application/json"}
        attempt = invocation.headers.get(_INVOCATION.lower())
        INVOCATION_ID.set(attempt)
        if attempt:
            headers[_INVOCATION] = attempt
        try:
            result = await self._respond(identifier, invocation)
            if isinstance(result, Streamed):
                return
            kind, body = "response", json.dumps(result).encode()
        except Exception as error:
            _log.error("%s: %s", identifier, error, exc_info=unforeseen(error))
            kind, body = "error", error_document(error)
            headers[_ERROR_TYPE] = type(error).__name__
        await _post(connection, f"{path}/{kind}", headers, body)

    async def _respond(self, identifier: str, invocation: Answer) -> Any:
        """Return the result of an invocation, within its time limit.

        Raises:
            Exception: The app failed, or took too long.
        """
        trace = invocation.headers.get("lambda-runtime-trace-id")
        left = _countdown(invocation.headers.get("lambda-runtime-deadline-ms"))
        event = _decoded(invocation.body)
        context = InvocationContext(invocation.headers)
        facts = RequestContext(
            identifier, lambda: trace, left, self._environment.cold, event, context
        )
        self._environment.cold = False
        # A separate task has its own context, and the app may look at the current task.
        request = asyncio.create_task(self._environment.respond(event, facts), name=identifier)
        self._under_way.add(request)
        limit = asyncio.get_running_loop().call_later(seconds_to_answer(facts), request.cancel)
        try:
            return await request
        except asyncio.CancelledError:
            if not request.cancelled():
                raise
            raise TimeLimitReached("the invocation was cut off before it began") from None
        finally:
            limit.cancel()
            self._under_way.discard(request)


async def _ask_for_invocation(connection: RuntimeConnection) -> Answer:
    """Wait for an invocation. Retry if the Runtime API fails.

    Raises:
        RuntimeApiGone: All retries failed.
    """
    answer = await connection.insist("GET", f"{_BASE}/next")
    if answer is None or _IDENTIFIER not in answer.headers:
        raise RuntimeApiGone("the Runtime API no longer sends invocations")
    return answer


async def _post(
    connection: RuntimeConnection, path: str, headers: dict[str, str], body: bytes
) -> None:
    """Post a result or an error. If the Runtime API refuses it, only this invocation fails."""
    if await connection.insist("POST", path, headers, body) is None:
        _log.error("%s: the Runtime API did not accept it", path)


def _returned(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled()


def _countdown(deadline: str | None) -> Callable[[], float]:
    """Return a function for the milliseconds left until a deadline in milliseconds since 1970."""
    end = float(deadline) if deadline else (time.time() + _LONGEST) * 1000
    return lambda: max(0.0, end - time.time() * 1000)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("the event is not valid JSON", cause=str(error)) from None


def error_document(error: Exception) -> bytes:
    """Return the error document for the Runtime API, without a traceback."""
    document = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
    return json.dumps(document).encode()


def unforeseen(error: Exception) -> Exception | None:
    """Return the error if the log should show its traceback, which ferryman's own lack."""
    return None if isinstance(error, FerrymanError) else error
