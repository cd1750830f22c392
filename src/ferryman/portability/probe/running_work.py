"""The tasks and timers of the user's that are alive, and the lines that made them."""

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
    """Notes where tasks are made, by a task factory.

    Args:
        code: Tells the user's code from others'.
        audit: Knows the handler that is answering.
    """

    def __init__(self, code: UserCode, audit: Audit) -> None:
        self._code = code
        self._audit = audit
        self._made: weakref.WeakKeyDictionary[asyncio.Task[Any], tuple[Place, Place | None]] = (
            weakref.WeakKeyDictionary()
        )
        self._told: set[Place] = set()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note each task that is made on a loop from now on."""
        loop.set_task_factory(cast(Any, self._make))  # its type differs between Pythons

    def alive(self) -> Iterator[tuple[Place, Place | None]]:
        """Yield where each task and timer of the user's was made that lives, once.

        With it comes the handler that was answering then.
        """
        for place, handler in (*self._tasks(), *self._timers()):
            if place not in self._told:
                self._told.add(place)
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
            # The app may have set a task factory of its own.
            code = code_of(task.get_coro())
            place = self._code.place(code) if code else None
            if place and task not in self._made:
                yield place, self._audit.handler

    def _timers(self) -> Iterator[tuple[Place, Place | None]]:
        for timer in getattr(asyncio.get_running_loop(), "_scheduled", ()):
            code = code_of(getattr(timer, "_callback", None))
            place = self._code.place(code) if code else None
            if place and not timer.cancelled():
                yield place, self._audit.handler
