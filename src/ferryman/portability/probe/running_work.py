"""Finds the tasks and timers that the user's code created and that are still alive."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Coroutine, Iterator
from typing import Any, cast

from ferryman.portability.finding import Place
from ferryman.portability.probe.audit import Audit
from ferryman.portability.probe.user_code import UserCode, code_of

__all__ = ("RunningWork",)


class RunningWork:
    """Records which line creates each task, with a task factory.

    Args:
        code: Distinguishes the user's code from packages.
        audit: Knows the handler of the current request.
    """

    def __init__(self, code: UserCode, audit: Audit) -> None:
        self._code = code
        self._audit = audit
        self._made: weakref.WeakKeyDictionary[asyncio.Task[Any], tuple[Place, Place | None]] = (
            weakref.WeakKeyDictionary()
        )
        self._yielded: set[Place] = set()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record each task that is created on a loop from now on."""
        loop.set_task_factory(cast(Any, self._make))  # its type differs between Pythons

    def alive(self) -> Iterator[tuple[Place, Place | None]]:
        """Yield the line that created each living task or timer, and the handler at that time.

        It yields each line once, even in several calls.
        """
        for place, handler in (*self._tasks(), *self._timers()):
            if place not in self._yielded:
                self._yielded.add(place)
                yield place, handler

    def _make(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **how: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **how)
        place = self._code.caller(sys._getframe(1))
        if place:
            self._made[task] = place, self._audit.handler
        return task

    def _tasks(self) -> Iterator[tuple[Place, Place | None]]:
        for task in asyncio.all_tasks():
            if task is asyncio.current_task():
                continue
            made = self._made.get(task)
            if made:
                yield made
                continue
            # The app may have set its own task factory.
            code = code_of(task.get_coro())
            place = self._code.place(code) if code else None
            if place:
                yield place, self._audit.handler

    def _timers(self) -> Iterator[tuple[Place, Place | None]]:
        for timer in getattr(asyncio.get_running_loop(), "_scheduled", ()):
            code = code_of(getattr(timer, "_callback", None))
            place = self._code.place(code) if code else None
            if place and not timer.cancelled():
                yield place, self._audit.handler
