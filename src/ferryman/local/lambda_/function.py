"""A function on this machine: starts environments, and assigns events to them."""

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

# Seconds that an event waits for an environment which has answered already and is about to
# ask for its next: starting another process would take longer.
_LINGER = 0.02
# The same where no other may be started, and the event would be refused.
_LINGER_AT_LIMIT = 1.0


class LocalFunction:
    """Invokes a function in as many environments as needed; ends them with the block.

    Args:
        settings: The function's.
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
        # The caller may give up; the environment still finishes the invocation.
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
        """Start the next event in a new environment; those under way stay in theirs.

        An event that waits for an environment to start moves to a new one.

        Args:
            settings: The function's from now on; None for the same.
        """
        if settings is not None:
            self.settings = settings
            self._drop_spare()
        for environment in self.environments:
            environment.over = True
            if environment.taken == 0 or not environment.started.done():
                self._end(environment)

    def prepare(self) -> Environment:
        """Start an environment before an event needs it, as Lambda does now and then.

        Errors of the app are in the log then, and not only after the next event.
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
        # "Lambda execution environment lifecycle": after ten seconds it is tried once more,
        # in the invocation and with the function's own limit.
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
        found = self._with_room()
        if found is None:
            if self._closed or self._is_full:
                return None
            found = self._new()
        else:
            self._environments.remove(found)
        self._environments.append(found)
        found.taken += 1
        if expiry := self._expiries.pop(found, None):
            expiry.cancel()
        return found

    def _new(self) -> Environment:
        """Return an environment that starts now, or one that was started ahead."""
        found, self._spare = self._spare, None
        if found is not None and found.over:
            self._stop(found)
            found = None
        found = found or Environment(self.settings, self._log, self._changed)
        found.want()
        return found

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
