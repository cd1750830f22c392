"""The event loop of an environment, which runs most requests without an iteration of the loop.

Most requests never wait for anything: they end in the first step of their task. An iteration of the
loop would cost more than many of them. So `run_at_once` runs the first step directly, and runs the
loop only if the task has not ended.
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
    """A task was cancelled, and did not end in time."""


class EnvironmentLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, with `run_at_once` in addition to `run_until_complete`.

    It relies on two rules of asyncio for event loops: a new task schedules its first step with
    `call_soon`, and the code that runs callbacks sets the running loop.
    """

    _stepping = False

    def __init__(self) -> None:
        super().__init__()
        self._first_step: Callable[[], object] | None = None
        self._first_context: Context | None = None
        self._capturing = False
        self.has_work = False
        """Whether a callback was scheduled that may not have run yet."""
        self.executing: set[asyncio.Future[Any]] = set()
        """The unfinished calls of `run_in_executor`."""
        # A running loop watches async generators. These hooks, the same in every run, let it
        # watch generators that begin in a first step too.
        hooks = self.run_until_complete(_running_hooks())
        sys.set_asyncgen_hooks(*hooks)

    def is_running(self) -> bool:
        """Return whether the loop, or a first step, is running."""
        return self._stepping or super().is_running()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle | None:
        """Schedule a callback, or keep it if it is the first step of a new task."""
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
        """Run a function in an executor, and remember it until it is done."""
        self.has_work = True
        future = super().run_in_executor(executor, func, *args)
        self.executing.add(future)
        future.add_done_callback(self.executing.discard)
        return future

    def timers(self, belongs: Callable[[Context], bool]) -> list[asyncio.TimerHandle]:
        """Return the timers that were set in certain contexts, in no order.

        Args:
            belongs: Whether to return the timers of a context.
        """
        # Private names: there is no public way, and every loop of asyncio has them.
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
        """Run a coroutine to its end as a task, and return its result.

        Like any task, it runs in a copy of the current context.

        Args:
            work: The coroutine.
            limit: Returns the seconds after which the task is cancelled; called only if the task
                waits for something.
            patience: Seconds that the task may take to end after its cancellation; None for no
                limit.
            name: The task's name; asyncio would take time to generate one.

        Raises:
            StillRunning: The task has not ended within its patience. It continues whenever the
                loop runs.
            BaseException: The coroutine raised it.
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
            # asyncio raises RuntimeError because the timer stopped the loop.
            raise StillRunning from None
        finally:
            for timer in timers:
                timer.cancel()

    def settle(self) -> None:
        """Run the callbacks that are due, once, without waiting."""
        self.has_work = False
        super().call_soon(self.stop)
        self.run_forever()


async def _running_hooks() -> tuple[Any, Any]:
    hooks = sys.get_asyncgen_hooks()
    return hooks.firstiter, hooks.finalizer
