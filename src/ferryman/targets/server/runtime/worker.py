"""One worker process: its event loop, its signals, its sign of life.

gunicorn's own base class is used and not aiohttp's worker, whose listener is gone half
a second after the signal, before any load balancer has noticed.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
from contextlib import suppress
from enum import Enum
from importlib import import_module
from importlib.util import find_spec

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as BaseWorker

from ferryman.core.errors import FerrymanError
from ferryman.targets.server.runtime.recycling import resident_memory
from ferryman.targets.server.runtime.runner import Runner

__all__ = ("RETIRE", "Stage", "Worker", "new_event_loop", "stage_of")

RETIRE = signal.SIGUSR2
"""The master's word to a worker whose replacement is ready."""

_BEAT = 1.0

# Seconds from SIGQUIT until a worker is gone, its cleanup done or not. The master's own
# patience is longer.
_QUICK = 1.5
_ENDINGS = (signal.SIGTERM, signal.SIGINT, RETIRE)


class Stage(Enum):
    """How far a worker has come, as its heartbeat file tells the master."""

    STARTING = 0
    READY = 1
    SPENT = 2
    """It serves, and asks to be replaced."""


def stage_of(worker: BaseWorker) -> Stage:
    """Return how far a worker has come.

    gunicorn gives each worker an open file that the master also holds, for the heartbeat;
    its length is the stage.
    """
    return Stage(os.fstat(worker.tmp.fileno()).st_size)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop, uvloop's if it is installed; no policy is touched."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = import_module("uvloop").new_event_loop()
    return loop


class Worker(BaseWorker):  # type: ignore[misc]
    """Runs the app on one event loop, and ends with status 3 if it fails to start."""

    loop: asyncio.AbstractEventLoop
    runner: Runner

    def init_process(self) -> None:
        """Make the loop, and go on as gunicorn does."""
        self.loop = new_event_loop()
        asyncio.set_event_loop(self.loop)
        super().init_process()

    def init_signals(self) -> None:
        """Hear signals on the event loop."""
        self._told: asyncio.Future[signal.Signals] = self.loop.create_future()
        for sent in _ENDINGS:
            self.loop.add_signal_handler(sent, self._hear, sent)
        self.loop.add_signal_handler(signal.SIGQUIT, self._give_up)
        # A terminal sends these to every process; what they mean is the master's affair.
        for sent in (signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH):
            self.loop.add_signal_handler(sent, int)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # The master aborts a worker whose loop is blocked: then the log says where.
        faulthandler.enable()

    def run(self) -> None:
        """Serve until told to stop.

        Raises:
            SystemExit: Always; with the status that makes gunicorn stop instead of
                starting the worker again, if the app failed to start.
        """
        self.booted = False
        try:
            self.loop.run_until_complete(self._serve())
        except FerrymanError as error:
            self.log.error("%s", error)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
        sys.exit(0)

    async def _serve(self) -> None:
        heart = asyncio.create_task(self._beat())
        self.runner = self.app.runner()
        try:
            await self.runner.start(self.sockets)
        except BaseException:
            # What the cleanup raises now would only hide why the start failed.
            with suppress(Exception):
                await self.runner.abandon()
            heart.cancel()
            raise
        self.booted = True
        self._enter(Stage.READY)
        told = await self._told
        self.loop.call_later(self.app.settings.timing.shutdown, self._overrun)
        await self.runner.stop(replaced=told is RETIRE)
        heart.cancel()

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

    def _overrun(self) -> None:
        # The master sees to this only when it ends itself, not when it replaces a worker.
        limit = self.app.settings.timing.shutdown
        self.log.error("the worker has not ended within %g s, and is given up", limit)
        os._exit(1)

    async def _beat(self) -> None:
        while True:
            self.notify()
            if os.getppid() != self.ppid:
                self._hear(signal.SIGTERM)
            elif self._is_spent() and stage_of(self) is Stage.READY:
                self._enter(Stage.SPENT)
            await asyncio.sleep(_BEAT)

    def _is_spent(self) -> bool:
        if not self.booted:
            return False
        most = self.app.settings.max_rss
        return self.runner.requests >= self.max_requests or (
            most is not None and resident_memory() > most
        )

    def _enter(self, stage: Stage) -> None:
        os.ftruncate(self.tmp.fileno(), stage.value)
        self.notify()  # writing has set the file's time to the wall clock's
