"""The event loop of an environment, which can run a request without turning.

Most requests never wait for anything: they are done in their task's first step. Turning
the loop for them costs more than many of them take, so the first step is run at once, and
the loop turns only if the task has not finished by then.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.events import _set_running_loop
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

__all__ = ("EnvironmentLoop", "StillRunning")

_Result = TypeVar("_Result")


class StillRunning(Exception):
    """A task goes on, though it was cancelled and given time to end."""


class EnvironmentLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, with `run_at_once` beside `run_until_complete`.

    It relies on what asyncio asks of every event loop: a new task has its first step
    scheduled by `call_soon`, and the code that runs callbacks says which loop is running.
    """

    _stepping = False

    def __init__(self) -> None:
        super().__init__()
        self._first_step: Callable[[], object] | None = None
        self._first_context: Context | None = None
        self._capturing = False
        self.has_work = False
        """Whether something was scheduled and has perhaps not run yet."""
        self.executing: set[asyncio.Future[Any]] = set()
        """What executors do, by way of this loop."""
        # Async generators are watched by a loop while it runs; so shall those be that
        # begin in a first step. The hooks are the same at every run.
        hooks = self.run_until_complete(_running_hooks())
        sys.set_asyncgen_hooks(*hooks)

    def is_running(self) -> bool:
        """Return whether it runs anything, be it a first step."""
        return self._stepping or super().is_running()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle | None:
        """Schedule a callback, or keep it, if it is the first step of a new task."""
        if self._capturing:
            self._capturing = False
            self._first_step, self._first_context = callback, context
            return None
        self.has_work = True
        return super().call_soon(callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule a callback for later."""
        self.has_work = True
        return super().call_at(when, callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., _Result], *args: Any
    ) -> asyncio.Future[_Result]:
        """Have an executor do something, and remember that until it is done."""
        self.has_work = True
        future = super().run_in_executor(executor, func, *args)
        self.executing.add(future)
        future.add_done_callback(self.executing.discard)
        return future

    def timers(self, belongs: Callable[[Context], bool]) -> list[asyncio.TimerHandle]:
        """Return the timers that are set, in no order.

        Args:
            belongs: Whether one that was set in a context is among them.
        """
        # Private names: nothing public tells them, and every loop of asyncio's own has them.
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return [
            timer
            for timer in timers
            if not timer.cancelled() and belongs(timer._context)  # type: ignore[attr-defined]
        ]

    def run_at_once(
        self,
        work: Coroutine[Any, Any, _Result],
        limit: Callable[[], float] | None = None,
        patience: float | None = None,
        name: str | None = None,
    ) -> _Result:
        """Run a coroutine to its end as a task, and return what it returned.

        Like any task, it runs in a copy of the current context.

        Args:
            work: The coroutine.
            limit: Tells the seconds after which the task is cancelled; asked only if the
                task waits for something.
            patience: Seconds that the task gets to end once it was cancelled; None for ever.
            name: The task's name; asyncio takes a moment to make one up.

        Raises:
            StillRunning: It has not ended by then. It goes on whenever the loop runs.
            BaseException: What it raised.
        """
        self._capturing = True
        task = asyncio.Task(work, loop=self, name=name)
        first_step, context = self._first_step, self._first_context
        assert first_step is not None
        assert context is not None
        self._first_step = self._first_context = None
        self._stepping = True
        _set_running_loop(self)
        try:
            context.run(first_step)
        finally:
            _set_running_loop(None)
            self._stepping = False
        if task.done():
            return task.result()
        if limit is None:
            return self.run_until_complete(task)
        return self._run_in_time(task, limit(), patience)

    def _run_in_time(
        self, task: asyncio.Task[_Result], seconds: float, patience: float | None
    ) -> _Result:
        timers = [self.call_later(seconds, task.cancel)]
        if patience is not None:
            timers.append(self.call_later(seconds + patience, self.stop))
        try:
            return self.run_until_complete(task)
        except RuntimeError:
            if task.done():
                raise
            # What asyncio says of a loop that was stopped before its time.
            raise StillRunning from None
        finally:
            for timer in timers:
                timer.cancel()

    def settle(self) -> None:
        """Run what was scheduled and is due, once, without waiting for anything."""
        self.has_work = False
        super().call_soon(self.stop)
        self.run_forever()


async def _running_hooks() -> tuple[Any, Any]:
    hooks = sys.get_asyncgen_hooks()
    return hooks.firstiter, hooks.finalizer
