"""Runs the app in a real local Lambda environment, and sends it one event after another."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from ferryman.core.errors import AppError, FerrymanError
from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.faults import answer
from ferryman.local.gateway.http_server import admit
from ferryman.local.gateway.protocol import Refused
from ferryman.local.lambda_.app_log import TITLE, own_frames
from ferryman.local.lambda_.environment_process import Environment
from ferryman.local.lambda_.outcome import Outcome
from ferryman.local.lambda_.project_function import plan_function
from ferryman.local.process_usage import cpu_seconds, memory_mib, peak_mib
from ferryman.measure.request import Request
from ferryman.measure.runner import PATIENCE, Batch, Sample
from ferryman.project.project import Project
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("LambdaRunner",)

_GATEWAY = find_gateway("function-url")

# The runtime responds a quarter of a second before the function's time-out.
_ANSWERED_BEFORE = 0.3

_KEPT = 20
"""How many tracebacks of a log to keep; a failing app writes one for each request."""


class LambdaRunner:
    """Starts environments of a project's function.

    Args:
        project: The project.
        requests: The requests to send.
        scratch: A directory for the settings.
        patience: Seconds to wait for a response, if the function's own time-out is not shorter.
    """

    name: ClassVar[str] = "lambda"
    concurrent: ClassVar[bool] = False

    def __init__(
        self,
        project: Project,
        requests: Sequence[Request],
        scratch: Path,
        patience: float = PATIENCE,
    ) -> None:
        planned = plan_function(project, scratch / "lambda.json")
        self._settings = replace(planned, timeout=min(planned.timeout, patience + _ANSWERED_BEFORE))
        self._events = [_event(request) for request in requests]

    @asynccontextmanager
    async def start(self) -> AsyncIterator[RunningFunction]:
        """Start an environment, and end it with the block.

        Raises:
            AppError: The app did not start.
        """
        patience = self._settings.timeout - _ANSWERED_BEFORE
        logged: list[str] = []
        running = RunningFunction(lambda: self._new(logged), self._events, patience, logged)
        try:
            await running.open()
            yield running
        finally:
            await running.close()

    def _new(self, logged: list[str]) -> Environment:
        def note(entry: str) -> None:
            if TITLE in entry:
                logged.append("\n".join(own_frames(entry.splitlines())))
                del logged[:-_KEPT]

        return Environment(self._settings, note, lambda _: None)


class RunningFunction:
    """An environment that waits for events; it is replaced if it ends.

    Args:
        new: Makes an environment.
        events: The event of each request, or the status of the event source's own refusal.
        patience: Seconds after which a 504 means that the runtime gave the app up.
        logged: The last tracebacks of the log; the environment adds to it.
    """

    def __init__(
        self,
        new: Callable[[], Environment],
        events: Sequence[bytes | int],
        patience: float,
        logged: Sequence[str],
    ) -> None:
        self._new = new
        self._logged = logged
        self._events = events
        self._given_up_ms = patience * 1000
        self._environment: Environment | None = None
        self._init_ms = 0.0
        self._spent = 0.0
        self.rest_mib = 0.0

    async def open(self) -> None:
        """Start the environment.

        Raises:
            AppError: The app did not start.
        """
        environment = self._environment = self._new()
        failure = await environment.started
        if failure is not None:
            raise _start_error(failure)
        self.rest_mib = memory_mib(self._pid)

    async def close(self) -> None:
        """End the environment."""
        if self._environment is not None:
            await self._environment.stop()

    async def send(
        self, order: Sequence[int], concurrency: int = 1, seconds: float | None = None
    ) -> Batch:
        """Send events to the environment, one at a time; see `Running`."""
        samples: list[Sample] = []
        failures: list[tuple[int, str]] = []
        cpu, began = self._cpu(), time.perf_counter()
        while True:
            for index in order:
                found = await self._invoke(index)
                if isinstance(found, str):
                    failures.append((index, found))
                else:
                    samples.append(found)
                if seconds is not None and time.perf_counter() - began >= seconds:
                    break
            if seconds is None or time.perf_counter() - began >= seconds:
                break
        took = time.perf_counter() - began
        done = len(samples) + len(failures)
        return Batch(took, done, tuple(samples), tuple(failures), max(0.0, self._cpu() - cpu))

    def errors(self) -> list[str]:
        """Return the last tracebacks that the app has logged."""
        return [*self._logged]

    def memory_mib(self) -> float:
        """Return the memory of the environment's processes."""
        return memory_mib(self._pid)

    def peak_mib(self) -> float:
        """Return the peak memory of the environment's processes."""
        return peak_mib(self._pid)

    def init_ms(self) -> float:
        """Return the Init Duration of the last environment's first report."""
        return self._init_ms

    async def _replace(self, environment: Environment) -> None:
        with suppress(FerrymanError):
            self._spent += cpu_seconds(self._pid)
        await environment.stop()
        await self.open()

    @property
    def _pid(self) -> int:
        assert self._environment is not None
        assert self._environment.pid is not None
        return self._environment.pid

    def _cpu(self) -> float:
        return self._spent + cpu_seconds(self._pid)

    async def _invoke(self, index: int) -> Sample | str:
        event = self._events[index]
        if isinstance(event, int):
            return Sample(index, 0.0, event, 0)
        environment = self._environment
        assert environment is not None
        environment.taken += 1
        outcome = await environment.invoke(event)
        status, size = await _read(outcome)
        assert outcome.finished is not None
        report = await outcome.finished
        self._init_ms = report.init_duration or self._init_ms
        if environment.over:
            await self._replace(environment)
        if outcome.fault is not None:
            return _why(outcome)
        if status == HTTPStatus.GATEWAY_TIMEOUT and report.duration > self._given_up_ms:
            return f"no answer within {self._given_up_ms / 1000:g} seconds"
        return Sample(index, report.duration, status, size)


async def _read(outcome: Outcome) -> tuple[int, int]:
    """Return status and size of the response."""
    if outcome.stream is not None:
        body = await outcome.stream.read()
        return int((outcome.prelude or {}).get("statusCode", 200)), len(body)
    response = _GATEWAY.decode_result(outcome.document())
    return response.status, len(response.body)


def _event(request: Request) -> bytes | int:
    """Return the event of a request, or the status that the event source refuses it with."""
    message = HttpRequest(
        method=request.method,
        target=request.target,
        fields=(("Host", "127.0.0.1"), *request.headers),
        body=request.body,
        scheme="https",
        remote="127.0.0.1",
    )
    try:
        return json.dumps(_GATEWAY.encode_request(admit(message, _GATEWAY))).encode()
    except Refused as refused:
        return answer(_GATEWAY.name, refused.fault).status


def _why(outcome: Outcome) -> str:
    document = outcome.document()
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return f"{outcome.fault}: {str(message).rpartition('Error: ')[2]}"


def _start_error(failure: Outcome) -> AppError:
    document = failure.document()
    if not isinstance(document, dict):
        return AppError("the app did not start on Lambda", cause=str(document))
    first, _, rest = str(document.get("errorMessage")).partition("\n")
    trace = "".join(str(line) for line in document.get("stackTrace") or ())
    return AppError(
        f"the app did not start on Lambda: {first}",
        cause=rest.removeprefix("cause: ") or trace or str(document.get("errorType")),
        hint="look at its on_startup handlers and cleanup_ctx generators",
    )
