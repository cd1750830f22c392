"""Finds the threads that requests started, and whether they are working.

Python does not wait for daemon threads at its exit, so `tasks` does not either: it only names them.
"""

from __future__ import annotations

import sys
import threading
import time
from weakref import WeakSet

__all__ = ("ThreadWatch",)

# The function in which a worker of an executor waits for work.
_IDLE = "_worker"

# Seconds in which a worker begins the work that it received. From Python 3.13 on, the queue is
# empty before the waiting worker has run.
_HANDED = 0.0005 if sys.version_info >= (3, 13) else 0.0


class ThreadWatch:
    """Distinguishes the app's own threads, which run now, from those of later requests.

    An idle worker of an executor is not the app's own, because a request may give it work.
    """

    def __init__(self) -> None:
        frames = sys._current_frames()
        threads = threading.enumerate()
        self._known: WeakSet[threading.Thread] = WeakSet(
            [each for each in threads if not _rests(each, frames.get(each.ident or 0))]
        )

    def started(self) -> list[threading.Thread]:
        """Return the non-daemon threads of requests."""
        return [thread for thread in self._new() if not thread.daemon]

    def at_work(self) -> list[threading.Thread]:
        """Return the non-daemon threads of requests that are working."""
        started = self.started()
        working = _working(started)
        if _HANDED and started and not working:
            time.sleep(_HANDED)
            working = _working(started)
        return working

    def give_up(self) -> list[str]:
        """Return the names of threads that still work, and count them as the app's own from now."""
        late = self.at_work()
        self._known.update(late)
        return [thread.name for thread in late]

    def new_daemons(self) -> list[str]:
        """Return the names of new daemon threads. It returns each thread once."""
        daemons = [thread for thread in self._new() if thread.daemon]
        self._known.update(daemons)
        return [thread.name for thread in daemons]

    def _new(self) -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread not in self._known]


def _working(threads: list[threading.Thread]) -> list[threading.Thread]:
    frames = sys._current_frames() if threads else {}
    return [each for each in threads if not _rests(each, frames.get(each.ident or 0))]


def _rests(thread: threading.Thread, frame: object) -> bool:
    """Return whether a thread is an idle worker of an executor."""
    executors = sys.modules.get("concurrent.futures.thread")
    # A private name: only this table assigns threads to executors.
    queue = getattr(executors, "_threads_queues", {}).get(thread)
    code = getattr(frame, "f_code", None)
    return queue is not None and queue.empty() and code is not None and code.co_name == _IDLE
