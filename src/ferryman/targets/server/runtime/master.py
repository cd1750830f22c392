"""The master process, which owns the listeners and the workers.

On SIGHUP gunicorn's master starts all new workers together, exits if one of them cannot start, and
closes a UNIX socket before its workers have drained. This master replaces workers one at a time. In
a running server it retries a failed start after a pause. It stops its parts in order.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gunicorn import sock, systemd
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.server.runtime.listeners import Listener
from ferryman.targets.server.runtime.restarts import STABLE_AFTER, Restarts
from ferryman.targets.server.runtime.tls import tls_context
from ferryman.targets.server.runtime.worker import (
    BREAK_OFF_TIMEOUT,
    RETIRE,
    Stage,
    Worker,
    stage_of,
)
from ferryman.targets.server.runtime.workforce import Workforce, take_failure, write_workforce

__all__ = ("HEAD_START", "Master")

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

# Seconds between two checks of the workers while one is missing or being replaced.
_GLANCE = 0.1

HEAD_START = 0.5
"""Seconds before the end of the server's time at which the master kills remaining workers, so that
it ends in time itself."""

# Seconds that workers have to end after the graceful time.
_LAST = 2.0

_NOTIFY = "NOTIFY_SOCKET"


class Master(Arbiter):  # type: ignore[misc]
    """Replaces workers one at a time; each is ready before the next one stops."""

    LISTENERS: list[Listener | sock.BaseSocket]

    _outdated = 0
    _has_started = False
    _is_ending = False
    _noted: Workforce | None = None

    @property
    def _staying(self) -> list[Worker]:
        workers = sorted(self.WORKERS.values(), key=lambda worker: worker.age)
        return [worker for worker in workers if not worker.leaving]

    @property
    def _ready(self) -> list[Worker]:
        return [worker for worker in self._staying if stage_of(worker) is not Stage.STARTING]

    def start(self) -> None:
        """Start with the listener that the application has bound, if any."""
        self._restarts = Restarts()
        if self.app.listener is not None:
            self.LISTENERS = [self.app.listener]
        with _without_systemd():  # gunicorn reports readiness before there is a worker
            super().start()

    def reload(self) -> None:
        """Replace every worker by one that reads the current code and certificate."""
        try:
            tls_context(self.app.settings)
        except ConfigError as error:
            self.log.error("not reloaded: %s", error)
            return
        self._outdated = self.worker_age
        self._restarts.try_now()
        if len(self._ready) >= self.num_workers:
            for worker in (each for each in self._staying if each not in self._ready):
                self.log.info("giving up the replacement %s, which has not started", worker.pid)
                worker.leaving = True
                self.kill_worker(worker.pid, signal.SIGTERM)

    def handle_usr2(self) -> None:
        """Refuse to start a second master; SIGHUP serves its purpose."""
        self.log.warning("SIGUSR2 does nothing here; SIGHUP replaces the workers one by one")

    def handle_quit(self) -> None:
        """Stop immediately: cut off requests in flight, and let the app clean up."""
        self.kill_workers(signal.SIGQUIT)
        super().handle_quit()

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for a signal, only shortly while a worker is missing or being replaced."""
        self.app.log_output.keep_up()
        changing = len(self._ready) != self.num_workers or self._next_to_go() is not None
        pending: list[int] = super().wait_for_signals(_GLANCE if changing else timeout)
        return pending

    def manage_workers(self) -> None:
        """Take one step towards the required number of up-to-date workers."""
        self._note_workers()
        if self.app.keeper is not None:
            self.app.keeper.ensure(self.LISTENERS)
        staying = self._staying
        starting = len(self._ready) < len(staying)
        may_start = time.monotonic() >= self._restarts.not_before
        if len(staying) < self.num_workers:
            if may_start:
                self.spawn_workers()
        elif len(staying) > self.num_workers and not starting:
            self._retire(self._next_to_go() or staying[0])
        elif self._next_to_go() and not starting and may_start:
            self.spawn_worker()

    def spawn_workers(self) -> None:
        """Start the missing workers."""
        for _ in range(self.num_workers - len(self._staying)):
            self.spawn_worker()

    def reap_workers(self) -> None:
        """Handle ended workers. In a running server, a failed start does not end the server.

        Raises:
            HaltServer: A worker could not start while the server starts.
        """
        for pid, status in _ended_children():
            worker = self.WORKERS.pop(pid, None)
            if worker is None:  # an orphan; the first process of a container adopts orphans
                continue
            stage = stage_of(worker)
            worker.tmp.close()
            if not (worker.leaving or self._is_ending):
                self._see_to(worker, stage, status)

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers and wait for them; each further signal shortens the wait.

        Args:
            graceful: Whether they continue to serve for the drain delay first.
        """
        self._is_ending = True
        systemd.sd_notify("STOPPING=1", self.log)
        sock.close_sockets(self.LISTENERS, False)
        self.LISTENERS.clear()
        impatience = [signal.SIGINT, signal.SIGQUIT] if graceful else [signal.SIGQUIT]
        began = time.monotonic()
        limit = began + self.app.settings.timing.shutdown - HEAD_START
        self.kill_workers(signal.SIGTERM if graceful else signal.SIGINT)
        self._end_keeper(at_once=not graceful)
        while self.WORKERS and time.monotonic() < limit:
            for pending in super().wait_for_signals(_GLANCE):
                if pending in _STOPPING and impatience:
                    if pending == signal.SIGQUIT:
                        del impatience[:-1]
                    self.kill_workers(impatience.pop(0))
                    self._end_keeper(at_once=True)
                    limit = limit if impatience else time.monotonic() + _LAST
            self.reap_workers()
            if time.monotonic() > began + BREAK_OFF_TIMEOUT - HEAD_START:
                self._kill_starting()
        self.kill_workers(signal.SIGKILL)
        if self.app.listener is not None:
            self.app.listener.remove()

    def _note_workers(self) -> None:
        """Report to the workers and to systemd how many workers are ready."""
        ready, now = self._ready, time.monotonic()
        for worker in ready:
            worker.ready_since = min(worker.ready_since, now)
        workforce = Workforce(self.num_workers, len(ready))
        if workforce != self._noted:
            self._noted = workforce
            systemd.sd_notify(f"STATUS={len(ready)} of {self.num_workers} workers ready", self.log)
            if self._has_started:  # during the start no worker is missing
                write_workforce(self.app.directory, workforce)
        if len(ready) < self.num_workers:
            return
        if not self._has_started:
            self._has_started = True
            self.log.info("all %d workers are ready", len(ready))
            systemd.sd_notify("READY=1", self.log)
        elif self._restarts.failures and all(now - w.ready_since > STABLE_AFTER for w in ready):
            self._restarts.recover()
            self.log.info("all workers are ready again")

    def _see_to(self, worker: Worker, stage: Stage, status: int) -> None:
        """Handle the unexpected end of a worker.

        Raises:
            HaltServer: It could not start while the server starts.
        """
        how = f"the worker {worker.pid} {_how_it_ended(worker, status)}"
        if stage is Stage.STARTING:
            failure = take_failure(self.app.directory, worker.pid)
            self._see_to_failure(failure or FerrymanError(f"{how} before it had started"))
        elif time.monotonic() - worker.ready_since > STABLE_AFTER:
            self.log.error("%s; another one is started", how)
        else:
            self._try_again(FerrymanError(f"{how} soon after it had started"))

    def _see_to_failure(self, failure: FerrymanError) -> None:
        if not self._has_started:
            self.log.error("%s", failure, extra={"error": failure})
            raise HaltServer("Worker failed to boot.", self.WORKER_BOOT_ERROR)
        if self._outdated and len(self._ready) >= self.num_workers:
            self._outdated = 0
            self._restarts.fail(str(failure), time.monotonic())
            self.log.error("%s\nthe replacement failed; the workers stay as they were", failure)
        else:
            self._try_again(failure)

    def _try_again(self, failure: FerrymanError) -> None:
        """Allow another start after a pause, and log the reason if it is new."""
        pause, is_new = self._restarts.fail(str(failure), time.monotonic())
        if is_new:
            missing = self.num_workers - len(self._ready)
            self.log.error(
                "%s\n%d of %d workers missing; another start in %g s, then after growing pauses",
                *(failure, missing, self.num_workers, pause),
                extra={"error": failure},
            )

    def _kill_starting(self) -> None:
        for worker in list(self.WORKERS.values()):
            if stage_of(worker) is Stage.STARTING:
                self.kill_worker(worker.pid, signal.SIGKILL)

    def _end_keeper(self, *, at_once: bool) -> None:
        if self.app.keeper is not None:
            self.app.keeper.end()
            if at_once:
                self.app.keeper.end()

    def _next_to_go(self) -> Worker | None:
        for worker in self._staying:
            if worker.age <= self._outdated or stage_of(worker) is Stage.SPENT:
                return worker
        return None

    def _retire(self, worker: Worker) -> None:
        self.log.info("replacing the worker %s", worker.pid)
        worker.leaving = True
        self.kill_worker(worker.pid, RETIRE)


def _ended_children() -> Iterator[tuple[int, int]]:
    """Yield the process ids and statuses of ended children."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            yield pid, status


def _how_it_ended(worker: Worker, status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with status {code}"
    if worker.aborted:
        return f"was ended: its event loop was blocked for {worker.app.settings.worker_timeout} s"
    memory = ", perhaps for its memory" if -code == signal.SIGKILL else ""
    return f"was ended by signal {-code} ({signal.strsignal(-code)}){memory}"


@contextmanager
def _without_systemd() -> Iterator[None]:
    kept = os.environ.pop(_NOTIFY, None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ[_NOTIFY] = kept
