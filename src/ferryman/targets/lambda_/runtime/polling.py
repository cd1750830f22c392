"""Waits for a call on another thread without missing signals.

Python runs a signal handler in the main thread, between two bytecode steps. If a signal arrives
just before the main thread blocks on a lock, its handler runs only when the lock is free. The
runtime would then miss SIGTERM. Reading from a pipe has no such gap, because the signal itself
writes to the pipe.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

__all__ = ("SignalSafeExecutor",)


class _Awaited:
    """A running call, for which the main thread waits."""

    def __init__(self, call: Callable[[], Any], pipe: int) -> None:
        self._call = call
        self._pipe = pipe
        self._done = False
        self._returned: Any = None
        self._raised: BaseException | None = None

    def run(self) -> None:
        """Run the call."""
        try:
            self._returned = self._call()
        except BaseException as error:
            self._raised = error
        self._done = True

    def result(self) -> Any:
        """Wait for the call, and return its result. Signal handlers run meanwhile.

        Raises:
            BaseException: The call raised it.
        """
        while not self._done:
            os.read(self._pipe, 4096)
        if self._raised is not None:
            raise self._raised
        return self._returned


class SignalSafeExecutor:
    """An executor with one thread, for use by the main thread only.

    AWS's client opens an executor in a `with` block for each call. This one keeps its thread: a new
    thread for each call would cost more than many calls do. The import of the standard library's
    executor would cost a millisecond of each cold start.
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
        """Begin a call on the thread. The caller must have waited for the previous call."""
        awaited = self._next = _Awaited(call, self._reading)
        self._asked.release()
        return awaited

    def _work(self) -> None:
        while True:
            self._asked.acquire()
            assert self._next is not None
            self._next.run()
            os.write(self._writing, b"\0")
