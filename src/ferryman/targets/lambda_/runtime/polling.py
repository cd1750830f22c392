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
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

__all__ = ("SignalSafeExecutor",)

_Result = TypeVar("_Result")


class _Awaited(Generic[_Result]):
    def __init__(self, future: Future[_Result], pipe: int) -> None:
        self._future = future
        self._pipe = pipe

    def result(self) -> _Result:
        """Return what the call returned, running signal handlers while it lasts."""
        while not self._future.done():
            os.read(self._pipe, 4096)
        return self._future.result()


class SignalSafeExecutor:
    """An executor of one thread that outlives its `with` block, for the main thread alone.

    A new thread for each call would cost more than many calls do.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="polling")
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def __enter__(self) -> SignalSafeExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, call: Callable[[], _Result]) -> _Awaited[_Result]:
        """Begin a call on the thread."""
        future = self._thread.submit(call)
        future.add_done_callback(lambda _: os.write(self._writing, b"\0"))
        return _Awaited(future, self._reading)
