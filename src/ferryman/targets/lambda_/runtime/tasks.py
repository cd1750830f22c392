"""Waits, after the response, for the work that a request started.

Lambda freezes an environment between two invocations, with its unfinished work. So the runtime
waits for the tasks, calls in executors, timers and threads that a request started, up to a budget.
The log names unfinished work. The runtime does not wait for work that the app started at its start,
because that may run forever.
"""

from __future__ import annotations

import asyncio
import logging
import math
from _thread import _count as count_threads
from contextvars import Context
from typing import Any, TypeAlias
from weakref import WeakSet

from ferryman.core.context import RequestContext, current_context
from ferryman.core.freezing import HOOKS, run_hooks
from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop
from ferryman.targets.lambda_.runtime.threads import ThreadWatch

__all__ = ("TaskWatch",)

_log = logging.getLogger(__name__)

Work: TypeAlias = asyncio.Future[Any]

# The most iterations of the loop: the app's own tasks may schedule something in each, forever.
_TURNS = 100

# Seconds between two checks of the threads.
_LOOK = 0.005

# Timers of these packages wake tasks, or close idle connections: no work of the app.
_HOUSEKEEPING = ("aiohttp", "asyncio", "asyncpg")


class TaskWatch:
    """Distinguishes the app's own work, which runs now, from that of requests, and waits for that.

    Args:
        loop: The environment's loop, on which the app has started.
        budget: Seconds to wait after a response.
    """

    def __init__(self, loop: EnvironmentLoop, budget: float) -> None:
        self._loop = loop
        self._budget = budget
        self._resident: WeakSet[Work] = WeakSet((*asyncio.all_tasks(loop), *loop.executing))
        # Work that exceeded its budget: the next request's work has its own budget.
        self._overrun: WeakSet[Work] = WeakSet()
        self._named_timers: set[str] = set()
        self._threads = ThreadWatch()
        self._thread_count = count_threads()
        self._workers = bool(self._threads.started())

    def has_work(self) -> bool:
        """Return whether there may be unfinished work, or hooks to run."""
        if self._loop.has_work or HOOKS or count_threads() != self._thread_count:
            return True
        # A worker of an executor may have received new work.
        return self._workers and bool(self._threads.at_work())

    def finish(self, request: RequestContext | None = None, limit: float = math.inf) -> None:
        """Wait for a request's work up to the budget, and name unfinished work in the log.

        Then it runs the hooks of `ferryman.before_freeze`.

        Args:
            request: The request; None for a request without a context.
            limit: The most seconds to take, even if the budget is larger.
        """
        if not self.has_work():
            return
        loop = self._loop
        began = loop.time()
        self._wait(request, began + min(self._budget, limit))
        self._name_unfinished(request, loop.time() - began)
        if HOOKS and request is not None:
            left = max(0.0, began + limit - loop.time())
            loop.run_until_complete(run_hooks(min(self._budget, left)))
        self._thread_count = count_threads()
        self._workers = bool(self._threads.started())

    def cancel(self, patience: float) -> None:
        """Cancel the tasks that requests started.

        Args:
            patience: Seconds that they may take to end.
        """
        started = asyncio.all_tasks(self._loop) - set(self._resident)
        for task in started:
            task.cancel()
        if started:
            self._loop.run_until_complete(asyncio.wait(started, timeout=patience))

    def _wait(self, request: RequestContext | None, deadline: float) -> None:
        loop = self._loop
        # Only the present timers: a timer that sets itself again would never end.
        timers = {timer for timer in self._timers(request) if timer.when() <= deadline}
        for _ in range(_TURNS):
            loop.settle()
            left = deadline - loop.time()
            if left <= 0:
                break
            if started := self._started():
                loop.run_until_complete(asyncio.wait(started, timeout=left))
            elif timers and (due := timers.intersection(self._timers(request))):
                last = max(timer.when() for timer in due)
                loop.run_until_complete(asyncio.sleep(last - loop.time()))
            elif self._threads.at_work():
                loop.run_until_complete(self._until_threads_rest(deadline))
            elif not loop.has_work:
                break

    async def _until_threads_rest(self, deadline: float) -> None:
        """Wait for threads while the loop runs, because they may need it."""
        while self._threads.at_work() and self._loop.time() < deadline:
            await asyncio.sleep(_LOOK)

    def _started(self) -> set[Work]:
        work = {*asyncio.all_tasks(self._loop), *self._loop.executing}
        return work - set(self._resident) - set(self._overrun)

    def _timers(self, request: RequestContext | None) -> list[asyncio.TimerHandle]:
        """Return the timers that a request set, without those that only wake its tasks."""
        if request is None:
            return []

        def belongs(context: Context) -> bool:
            known = context.get(current_context)
            return known is not None and known.request_id == request.request_id

        return [
            timer
            for timer in self._loop.timers(belongs)
            if _module(timer).partition(".")[0] not in _HOUSEKEEPING
        ]

    def _name_unfinished(self, request: RequestContext | None, waited: float) -> None:
        after = f"still runs {waited:.1f} s after its response"
        for work in self._started():
            _warn(_task_name(work), after)
            self._overrun.add(work)
        for timer in self._timers(request):
            if (name := _name(_callback(timer))) not in self._named_timers:
                self._named_timers.add(name)
                left = timer.when() - self._loop.time()
                _warn(f"the timer for {name}", f"is due in {left:.1f} s")
        for thread in self._threads.give_up():
            _warn(f"the thread {thread}", after)
        if (daemons := self._threads.new_daemons()) and not HOOKS:
            _log.warning(
                "Lambda freezes background threads between requests: %s; let them finish in a "
                "function with @ferryman.before_freeze",
                ", ".join(daemons),
            )


def _warn(what: str, why: str) -> None:
    _log.warning("%s %s; Lambda freezes it until the next request", what, why)


def _task_name(work: Work) -> str:
    if isinstance(work, asyncio.Task):
        return f"the task {work.get_name()} ({_name(work.get_coro())})"
    return "a call in an executor"


def _callback(timer: asyncio.TimerHandle) -> object:
    callback = timer._callback  # type: ignore[attr-defined]
    return getattr(callback, "func", callback)  # the function of a partial


def _module(timer: asyncio.TimerHandle) -> str:
    return getattr(_callback(timer), "__module__", None) or ""


def _name(what: object) -> str:
    return getattr(what, "__qualname__", None) or type(what).__qualname__
