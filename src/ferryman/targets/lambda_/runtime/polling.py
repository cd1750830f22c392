"""Waits for a call on another thread, in a way that no signal can be missed.

Python runs a signal's handler in the main thread, between two of its steps. One that
arrives just before that thread blocks on a lock is not run until the lock is free, and
the end of an environment would pass unheard. Reading from a pipe has no such gap: the
signal itself writes to it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

__all__ = ("SignalSafeExecutor",)


class _Awaited:
    """A call that is being made, for the main thread to wait for."""

    def __init__(self, call: Callable[[], Any], pipe: int) -> None:
        self._call = call
        self._pipe = pipe
        self._done = False
        self._returned: Any = None
        self._raised: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            self._returned = self._call()
        except BaseException as error:
            self._raised = error
        self._done = True

    def result(self) -> Any:
        """Return what the call returned, running signal handlers while it lasts.

        Raises:
            BaseException: What it raised.
        """
        while not self._done:
            os.read(self._pipe, 4096)
        if self._raised is not None:
            raise self._raised
        return self._returned


class SignalSafeExecutor:
    """An executor of one thread that outlives its `with` block, for the main thread alone.

    A new thread for each call would cost more than many calls do, and to import the
    standard library's executor costs a millisecond of each cold start.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._next: _Awaited | None = None
        self._asked = Lock()
        self._asked.acquire()
        Thread(target=self._work, daemon=True, name="polling").start()

    def __enter__(self) -> SignalSafeExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[[], Any]) -> _Awaited:
        """Begin a call on the thread. The one before must have been waited for."""
        awaited = self._next = _Awaited(call, self._reading)
        self._asked.release()
        return awaited

    def _work(self) -> None:
        while True:
            self._asked.acquire()
            assert self._next is not None
            self._next.run()
            os.write(self._writing, b"\0")
