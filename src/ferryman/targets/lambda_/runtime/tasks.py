"""Lets tasks that requests started finish, once their response is on its way.

Between two invocations an environment is frozen, and whatever it was doing with it. What
a request started belongs to that request, so it is waited for, up to a budget; what the
app started with itself runs for ever, and is not.
"""

from __future__ import annotations

import asyncio
import logging
import math
from weakref import WeakSet

from ferryman.targets.lambda_.runtime.loop import EnvironmentLoop

__all__ = ("TaskWatch",)

_log = logging.getLogger(__name__)

# What the app started with itself may schedule something at every turn, for ever.
_TURNS = 100


class TaskWatch:
    """Knows which tasks are the app's own, and waits for all others.

    Args:
        loop: The environment's loop, with the app started on it.
        budget: Seconds that tasks get after a response.
    """

    def __init__(self, loop: EnvironmentLoop, budget: float) -> None:
        self._loop = loop
        self._budget = budget
        self._resident: WeakSet[asyncio.Task[object]] = WeakSet(asyncio.all_tasks(loop))
        # They have had their time; the next request's tasks have theirs.
        self._overrun: WeakSet[asyncio.Task[object]] = WeakSet()

    def finish(self, limit: float = math.inf) -> None:
        """Run what requests left behind, up to the budget, and name what is not done then.

        Costs nothing where nothing was left.

        Args:
            limit: Seconds that there are at most, whatever the budget.
        """
        loop = self._loop
        if not loop.has_work:
            return
        began = loop.time()
        deadline = began + min(self._budget, limit)
        for _ in range(_TURNS):
            loop.settle()
            started = self._started() - set(self._overrun)
            if started and loop.time() < deadline:
                waiting = asyncio.wait(started, timeout=deadline - loop.time())
                loop.run_until_complete(waiting)
            elif started or not loop.has_work:
                break
        self._name_unfinished(loop.time() - began)

    def cancel(self, patience: float) -> None:
        """Cancel what requests started.

        Args:
            patience: Seconds that it gets to end.
        """
        started = self._started()
        for task in started:
            task.cancel()
        if started:
            self._loop.run_until_complete(asyncio.wait(started, timeout=patience))

    def _started(self) -> set[asyncio.Task[object]]:
        return asyncio.all_tasks(self._loop) - set(self._resident)

    def _name_unfinished(self, waited: float) -> None:
        for task in self._started() - set(self._overrun):
            _log.warning(
                "the task %s (%s) still runs %.1f s after its response; it is frozen now, and "
                "goes on with the next request",
                task.get_name(),
                getattr(task.get_coro(), "__qualname__", "?"),
                waited,
            )
            self._overrun.add(task)
