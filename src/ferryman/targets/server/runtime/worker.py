"""A worker process: its event loop, its signals and its heartbeat.

It derives from gunicorn's base class and not from aiohttp's worker, which closes its listener half
a second after the signal, before a load balancer can notice.
"""

from __future__ import annotations

import asyncio
import faulthandler
import math
import os
import signal
import sys
import traceback
from contextlib import suppress
from enum import Enum
from importlib import import_module
from importlib.util import find_spec

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as BaseWorker

from ferryman.core.errors import FerrymanError
from ferryman.core.lifecycle import AppStartFailed
from ferryman.core.serving import CANCEL_TIMEOUT, CLEANUP_TIMEOUT, EXIT_TIMEOUT
from ferryman.core.tracebacks import user_traceback
from ferryman.targets.server.runtime.process_memory import resident_memory
from ferryman.targets.server.runtime.runner import Runner
from ferryman.targets.server.runtime.workforce import write_failure

__all__ = (
    *("BREAK_OFF_TIMEOUT", "HEAD_START", "RETIRE", "Stage", "Worker"),
    *("new_event_loop", "stage_of"),
)

BREAK_OFF_TIMEOUT = CANCEL_TIMEOUT + CLEANUP_TIMEOUT + EXIT_TIMEOUT
"""Seconds that a worker that has not started yet may take to end."""

_FIRST = asyncio.FIRST_COMPLETED

RETIRE = signal.SIGUSR2
"""The master's signal to a worker whose replacement is ready."""

_BEAT = 1.0

# Seconds from SIGQUIT to the end of a worker, even if its cleanup is incomplete. The master waits
# longer.
_QUICK = 1.5

# Seconds that tasks of the app have to end after they are cancelled.
_LEFT_BEHIND = 0.5

# Seconds before the end of its time at which a hanging worker logs its stacks and exits, so that
# the master need not kill it.
HEAD_START = 1.0

_ENDINGS = (signal.SIGTERM, signal.SIGINT, RETIRE)


class Stage(Enum):
    """The stage of a worker, which its heartbeat file shows to the master."""

    STARTING = 0
    READY = 1
    SPENT = 2
    """It serves, and requests its replacement."""


def stage_of(worker: BaseWorker) -> Stage:
    """Return the stage of a worker.

    For the heartbeat gunicorn gives each worker an open file, which the master holds too. The
    length of the file is the stage.
    """
    return Stage(os.fstat(worker.tmp.fileno()).st_size)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop, uvloop's if it is installed, without changing the policy."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = import_module("uvloop").new_event_loop()
    return loop


async def _break_off(starting: asyncio.Future[None]) -> str | None:
    """Cancel the app's start, and return where it was; None if it continues."""
    starting.cancel()
    await asyncio.wait((starting,), timeout=CANCEL_TIMEOUT)
    if not starting.done():
        return None
    try:
        starting.result()
    except BaseException as error:
        return user_traceback(error)
    return None


async def _end_tasks() -> None:
    """Cancel the tasks that the app has left running, and let them end."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_LEFT_BEHIND)


class Worker(BaseWorker):  # type: ignore[misc]
    """Runs the app on one event loop, and ends with status 3 if it fails to start."""

    loop: asyncio.AbstractEventLoop
    runner: Runner

    # The master sets these: whether it told the worker to end, and since when the worker is ready.
    leaving = False
    ready_since = math.inf

    def init_process(self) -> None:
        """Create the loop, and continue with gunicorn's code."""
        self.loop = new_event_loop()
        asyncio.set_event_loop(self.loop)
        super().init_process()

    def init_signals(self) -> None:
        """Handle signals on the event loop."""
        self._told: asyncio.Future[signal.Signals] = self.loop.create_future()
        # Before the app is imported there is nothing to clean up.
        for sent in _ENDINGS:
            signal.signal(sent, signal.SIG_DFL)
        signal.signal(signal.SIGQUIT, lambda *_: os._exit(1))
        # A terminal sends these to every process; the master handles them.
        for sent in (signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH):
            self.loop.add_signal_handler(sent, int)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # The master aborts a worker with a blocked loop: then the log shows where it is blocked.
        faulthandler.enable(self.app.log_output.fileno())

    def run(self) -> None:
        """Serve until a signal to stop.

        Raises:
            SystemExit: Always. If the app failed to start, the status makes gunicorn stop and not
                start the worker again.
        """
        self.booted = False
        try:
            self._load()
            self.loop.run_until_complete(self._serve())
        except Exception as error:
            if self.booted:
                raise
            self._tell_failure(error)
            self._exit_within(EXIT_TIMEOUT - HEAD_START)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        finally:
            self.loop.run_until_complete(_end_tasks())
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
        sys.exit(0)

    def _load(self) -> None:
        self.runner = self.app.runner()
        try:
            self.runner.load()
        except BaseException:
            self._abandon()
            raise
        finally:
            asyncio.set_event_loop(self.loop)  # asyncio.run in the app's module leaves no loop

    def _abandon(self) -> None:
        # An exception of the cleanup would hide why the start failed.
        with suppress(Exception):
            self.loop.run_until_complete(self.runner.abandon())

    async def _serve(self) -> None:
        self._heart = asyncio.create_task(self._beat())
        try:
            if not await self._start():
                return
        except BaseException:
            # Another exception would hide why the start failed.
            with suppress(Exception):
                await self.runner.abandon()
            raise
        self.booted = True
        self._enter(Stage.READY)
        told = await self._told
        # The master waits for a worker only at its own end, not when it replaces a worker.
        self._exit_within(self.app.settings.timing.shutdown - HEAD_START)
        await self.runner.stop(replaced=told is RETIRE)

    async def _start(self) -> bool:
        """Start the app; return whether it started before a signal to end.

        Raises:
            AppError: The app failed to start, or takes too long.
            ConfigError: The certificate cannot be used.
        """
        for sent in _ENDINGS:
            self.loop.add_signal_handler(sent, self._hear, sent)
        self.loop.add_signal_handler(signal.SIGQUIT, self._give_up)
        starting = asyncio.ensure_future(self.runner.start(self.sockets))
        limit = self.app.settings.start_timeout
        await asyncio.wait((starting, self._told), timeout=limit, return_when=_FIRST)
        if starting.done():
            starting.result()
            return True
        self._exit_within(BREAK_OFF_TIMEOUT - HEAD_START)
        where = await _break_off(starting)
        if self._told.done():
            await self.runner.abandon()
            return False
        raise AppStartFailed(
            f"the application has not started within {limit:g} s",
            cause=where,
            hint="look at its on_startup handlers and cleanup_ctx generators, or raise "
            "start_timeout of [tool.ferryman.server]",
        )

    def _exit_within(self, seconds: float) -> None:
        """Make the process log its stacks and exit after some seconds, unless it has ended.

        A C thread does this, so neither a blocked loop nor another thread can delay it.
        """
        log = self.app.log_output.fileno()
        faulthandler.dump_traceback_later(seconds, file=log, exit=True)

    def _tell_failure(self, error: Exception) -> None:
        """Write the reason of a failed start for the master, which logs it once."""
        if not isinstance(error, FerrymanError):
            trace = traceback.format_exc()
            error = AppStartFailed(f"the worker raised {type(error).__name__}", cause=trace)
        try:
            write_failure(self.app.directory, self.pid, error)
        except OSError:
            self.log.error("%s", error, extra={"error": error})

    def _hear(self, sent: signal.Signals) -> None:
        if not self._told.done():
            self._told.set_result(sent)
        if sent is signal.SIGINT and self.booted:
            self.runner.hurry()

    def _give_up(self) -> None:
        if not self.booted:
            os._exit(1)
        self._hear(signal.SIGQUIT)
        self.runner.cut()
        self.loop.call_later(_QUICK, os._exit, 1)

    async def _beat(self) -> None:
        while True:
            self.notify()
            self.app.log_output.keep_up()
            if os.getppid() != self.ppid:
                self._hear(signal.SIGTERM)
            elif self._is_spent() and stage_of(self) is Stage.READY:
                self._enter(Stage.SPENT)
            await asyncio.sleep(_BEAT)

    def _is_spent(self) -> bool:
        if not self.booted:
            return False
        most = self.app.settings.max_rss
        if self.runner.requests >= self.max_requests:
            return True
        with suppress(OSError):  # no file descriptor is free to read it
            return most is not None and bool(resident_memory() > most)
        return False

    def _enter(self, stage: Stage) -> None:
        os.ftruncate(self.tmp.fileno(), stage.value)
        self.notify()  # writing has set the file's time to the wall clock's
