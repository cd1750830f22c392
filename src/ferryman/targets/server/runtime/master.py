"""The process that owns the listeners and the workers.

gunicorn's own starts all new workers at once on SIGHUP, and closes a UNIX socket before
its workers have drained. This one replaces them one at a time, and ends in order.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from gunicorn import sock
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.tls import tls_context
from ferryman.targets.server.runtime.worker import RETIRE, Stage, Worker, stage_of

__all__ = ("Master",)

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# Seconds between two looks at the workers while one is being replaced, and before a
# replacement that failed is tried again.
_GLANCE = 0.1
_RETRY = 30.0

# Seconds that workers get to end once nobody wants to wait for them any more.
_LAST = 2.0


class Master(Arbiter):  # type: ignore[misc]
    """Replaces workers one at a time, each ready before the next one goes."""

    LISTENERS: list[sock.BaseSocket]

    _outdated = 0
    _not_before = 0.0

    @property
    def _staying(self) -> list[Worker]:
        workers = sorted(self.WORKERS.values(), key=lambda worker: worker.age)
        return [worker for worker in workers if not getattr(worker, "leaving", False)]

    def reload(self) -> None:
        """Have every worker replaced, so that code and certificate are read anew."""
        try:
            tls_context(self.app.settings)
        except ConfigError as error:
            self.log.error("not reloaded: %s", error)
            return
        self._outdated = self.worker_age
        self._not_before = 0.0

    def handle_usr2(self) -> None:
        """Refuse a second master: SIGHUP does what it is used for."""
        self.log.warning("SIGUSR2 does nothing here; SIGHUP replaces the workers one by one")

    def handle_quit(self) -> None:
        """End at once: requests in flight are broken off, but the app cleans up."""
        self.kill_workers(signal.SIGQUIT)
        super().handle_quit()

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for a signal; not long while a worker is being replaced."""
        changing = len(self._staying) != self.num_workers or self._next_to_go() is not None
        pending: list[int] = super().wait_for_signals(_GLANCE if changing else timeout)
        return pending

    def manage_workers(self) -> None:
        """Take one step towards as many workers as there should be, all of them fresh."""
        staying = self._staying
        starting = any(stage_of(worker) is Stage.STARTING for worker in staying)
        if len(staying) < self.num_workers:
            self.spawn_workers()
        elif len(staying) > self.num_workers and not starting:
            self._retire(self._next_to_go() or staying[0])
        elif self._next_to_go() and not starting and time.monotonic() >= self._not_before:
            self.spawn_worker()

    def spawn_workers(self) -> None:
        """Start the workers that are missing."""
        for _ in range(self.num_workers - len(self._staying)):
            self.spawn_worker()

    def reap_workers(self) -> None:
        """See who has ended; a replacement that fails to start ends nothing else.

        Raises:
            HaltServer: A worker failed to start, and there are not enough without it.
        """
        try:
            super().reap_workers()
        except HaltServer:
            ready = [w for w in self._staying if stage_of(w) is not Stage.STARTING]
            if len(ready) < self.num_workers:
                raise
            self._outdated = 0
            self._not_before = time.monotonic() + _RETRY
            self.log.error("the replacement failed to start; the workers stay as they were")

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers, and wait for them; who asks again waits less.

        Args:
            graceful: Whether they go on serving for the drain delay first.
        """
        paths = [] if self.systemd else _unix_paths(self.LISTENERS)
        sock.close_sockets(self.LISTENERS, False)
        self.LISTENERS.clear()
        impatience = [signal.SIGINT, signal.SIGQUIT] if graceful else [signal.SIGQUIT]
        limit = time.monotonic() + self.app.settings.timing.shutdown
        self.kill_workers(signal.SIGTERM if graceful else signal.SIGINT)
        with suppress(HaltServer):
            while self.WORKERS and time.monotonic() < limit:
                for pending in super().wait_for_signals(_GLANCE):
                    if pending in _STOPPING and impatience:
                        if pending == signal.SIGQUIT:
                            del impatience[:-1]
                        self.kill_workers(impatience.pop(0))
                        limit = limit if impatience else time.monotonic() + _LAST
                self.reap_workers()
        self.kill_workers(signal.SIGKILL)
        for path in paths:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108

    def _next_to_go(self) -> Worker | None:
        for worker in self._staying:
            if worker.age <= self._outdated or stage_of(worker) is Stage.SPENT:
                return worker
        return None

    def _retire(self, worker: Worker) -> None:
        self.log.info("replacing the worker %s", worker.pid)
        worker.leaving = True
        self.kill_worker(worker.pid, RETIRE)


def _unix_paths(listeners: list[sock.BaseSocket]) -> list[str]:
    names = [listener.getsockname() for listener in listeners]
    return [name for name in names if isinstance(name, str) and name.startswith("/")]
