"""Tells which threads were started by requests, and whether they are at work.

Daemon threads are those that Python itself does not wait for; so they are only named.
"""

from __future__ import annotations

import sys
import threading
import time
from weakref import WeakSet

__all__ = ("ThreadWatch",)

# The function in which a worker of an executor waits for something to do.
_IDLE = "_worker"

# Seconds in which a worker begins that was handed something. From Python 3.13 on the queue hands
# it to a waiting worker, and is empty before that one has run.
_HANDED = 0.0005 if sys.version_info >= (3, 13) else 0.0


class ThreadWatch:
    """Knows which threads are the app's own: those that there are now.

    Workers of executors that have nothing to do now are not: a request may give them something.
    """

    def __init__(self) -> None:
        frames = sys._current_frames()
        threads = threading.enumerate()
        self._known: WeakSet[threading.Thread] = WeakSet(
            [each for each in threads if not _rests(each, frames.get(each.ident or 0))]
        )

    def started(self) -> list[threading.Thread]:
        """Return the threads of requests that a program's end would wait for."""
        return [thread for thread in self._new() if not thread.daemon]

    def at_work(self) -> list[threading.Thread]:
        """Return those of them that work."""
        started = self.started()
        working = _working(started)
        if _HANDED and started and not working:
            time.sleep(_HANDED)
            working = _working(started)
        return working

    def give_up(self) -> list[str]:
        """Return the names of those that are still at work; they are the app's own from now on."""
        late = self.at_work()
        self._known.update(late)
        return [thread.name for thread in late]

    def new_daemons(self) -> list[str]:
        """Return the names of new daemon threads, each once."""
        daemons = [thread for thread in self._new() if thread.daemon]
        self._known.update(daemons)
        return [thread.name for thread in daemons]

    def _new(self) -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread not in self._known]


def _working(threads: list[threading.Thread]) -> list[threading.Thread]:
    frames = sys._current_frames() if threads else {}
    return [each for each in threads if not _rests(each, frames.get(each.ident or 0))]


def _rests(thread: threading.Thread, frame: object) -> bool:
    """Return whether a thread is a worker of an executor, and has nothing to do."""
    executors = sys.modules.get("concurrent.futures.thread")
    # A private name, and the only place where Python says whose worker a thread is.
    queue = getattr(executors, "_threads_queues", {}).get(thread)
    code = getattr(frame, "f_code", None)
    return queue is not None and queue.empty() and code is not None and code.co_name == _IDLE
