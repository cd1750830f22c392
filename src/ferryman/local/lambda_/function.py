"""A function on this machine: starts environments and assigns events to them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from ferryman.local.lambda_.environment_process import Environment, Log
from ferryman.local.lambda_.function_settings import PAYLOAD_LIMIT, FunctionSettings
from ferryman.local.lambda_.outcome import (
    REQUEST_TOO_LARGE,
    THROTTLED,
    Outcome,
    failed,
)

__all__ = ("LocalFunction",)

# Seconds that an event waits for an environment that has sent its response and will soon ask for
# the next event. Starting another process would take longer.
_LINGER = 0.02
# The same if no other environment may start, so that the event would be refused.
_LINGER_AT_LIMIT = 1.0


class LocalFunction:
    """Invokes a function in as many environments as needed. The end of its block ends them.

    Args:
        settings: The function's settings.
        log: Takes each line of its log.
    """

    def __init__(self, settings: FunctionSettings, log: Log) -> None:
        self.settings = settings
        self._log = log
        self._environments: list[Environment] = []
        self._expiries: dict[Environment, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._spare: Environment | None = None
        self._change = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments, the most recently used last."""
        return tuple(self._environments)

    async def invoke(self, payload: bytes) -> Outcome:
        """Return the outcome of an event.

        Args:
            payload: The event, as JSON.
        """
        if len(payload) > PAYLOAD_LIMIT:
            message = f"{len(payload)} byte payload is too large for the RequestResponse invocation"
            return failed("-", REQUEST_TOO_LARGE, message)
        environment = await self._find()
        if environment is None:
            return failed("-", THROTTLED, "Rate Exceeded.")
        # The environment finishes the invocation even if the caller gives up.
        return await asyncio.shield(asyncio.create_task(self._invoke(environment, payload)))

    async def close(self) -> None:
        """End all environments."""
        self._closed = True
        for environment in self.environments:
            self._end(environment)
        self._drop_spare()
        while self._endings:
            await asyncio.wait(self._endings)

    async def replace(self, settings: FunctionSettings | None = None) -> None:
        """Start the next event in a new environment.

        Events in flight stay in their environment. An event that still waits for its environment
        to start moves to a new one.

        Args:
            settings: The function's new settings; None keeps the settings.
        """
        if settings is not None:
            self.settings = settings
            self._drop_spare()
        for environment in self.environments:
            environment.over = True
            if environment.taken == 0 or not environment.started.done():
                self._end(environment)

    def prepare(self) -> Environment:
        """Start an environment before an event needs it, as Lambda sometimes does.

        The log then shows the app's errors before the next event.
        """
        environment = self._new()
        self._environments.append(environment)
        environment.started.add_done_callback(lambda _: self._changed(environment))
        return environment

    async def _invoke(self, environment: Environment, payload: bytes) -> Outcome:
        try:
            outcome = await environment.invoke(payload)
        except asyncio.CancelledError:
            if self._closed or not environment.started.cancelled():
                raise
            return await self.invoke(payload)
        if not environment.timed_out_in_init or self._closed:
            return outcome
        # "Lambda execution environment lifecycle": after ten seconds Lambda tries the init once
        # more, during the invocation and within the function's own timeout.
        patient = replace(self.settings, init_timeout=self.settings.timeout)
        again = Environment(patient, self._log, self._changed, phase="invoke")
        again.want()
        again.taken += 1
        self._environments.append(again)
        return await again.invoke(payload)

    async def _find(self) -> Environment | None:
        """Return the environment for an event, with a place reserved."""
        if self._with_room() is None and any(each.lingers for each in self._environments):
            with suppress(TimeoutError):
                limit = _LINGER_AT_LIMIT if self._is_full else _LINGER
                await asyncio.wait_for(self._until_room(), limit)
        environment = self._with_room()
        if environment is None:
            if self._closed or self._is_full:
                return None
            environment = self._new()
        else:
            self._environments.remove(environment)
        self._environments.append(environment)
        environment.taken += 1
        if expiry := self._expiries.pop(environment, None):
            expiry.cancel()
        return environment

    def _new(self) -> Environment:
        """Return the environment that was started ahead, or start one now."""
        environment, self._spare = self._spare, None
        if environment is not None and environment.over:
            self._stop(environment)
            environment = None
        environment = environment or Environment(self.settings, self._log, self._changed)
        environment.want()
        return environment

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._stop(self._spare)
            self._spare = None

    async def _until_room(self) -> None:
        full = self._is_full
        while self._with_room() is None and self._is_full == full:
            self._change.clear()
            await self._change.wait()

    @property
    def _is_full(self) -> bool:
        living = [each for each in self._environments if not each.over]
        return len(living) >= self.settings.environments

    def _with_room(self) -> Environment | None:
        return next((each for each in reversed(self._environments) if each.has_room), None)

    def _changed(self, environment: Environment) -> None:
        self._change.set()
        if environment not in self._environments or environment.taken:
            return
        if environment.over:
            self._end(environment)
            return
        if self.settings.ahead and self._spare is None and not self._closed:
            self._spare = Environment(self.settings, self._log, self._changed)
        loop = asyncio.get_running_loop()
        if before := self._expiries.pop(environment, None):
            before.cancel()
        self._expiries[environment] = loop.call_later(self.settings.idle, self._end, environment)

    def _end(self, environment: Environment) -> None:
        if environment not in self._environments:
            return
        self._environments.remove(environment)
        if expiry := self._expiries.pop(environment, None):
            expiry.cancel()
        self._stop(environment)

    def _stop(self, environment: Environment) -> None:
        ending = asyncio.create_task(environment.stop())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
