"""The processes of `ferryman dev -t server`: one answers, one waits for the next save.

Importing modules outside the app takes most of a start, so it is done ahead. The module does not
watch files; its caller says when a new process must load the app.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace

from ferryman.core.serving import Timing

__all__ = ("ANSWERS", "BEGUN", "EXPLAINS", "LAST_GRACE", "Worker", "Workers")

BEGUN = b"."
"""The message of a worker that begins to load the app."""

ANSWERS = b"!"
"""The message of a worker whose app is ready."""

EXPLAINS = b"?"
"""The message of a worker that responds in place of an app that did not start."""

LAST_GRACE = 3.0
"""Seconds that requests in flight get after Ctrl-C, at the most."""

# A worker that lives fewer seconds failed early; after this many in a row none is started.
_SHORT = 1.0
_SHORT_LIVES = 3


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that waits to be told to begin.

    Attributes:
        process: The process, which leads a group of its own.
        told: A pipe, through which it is told.
        ready: A pipe, through which it says that it answers.
        timing: How long it takes to end, by the project's settings.
    """

    process: asyncio.subprocess.Process
    told: int
    ready: int
    timing: Timing

    def tell(self, explanation: str) -> None:
        """Let it load the app as it is now, or respond with an explanation instead."""
        with suppress(BrokenPipeError), os.fdopen(self.told, "wb") as pipe:
            pipe.write(b"!" + explanation.encode())

    def dismiss(self) -> None:
        """Close the pipes to a worker that will not be used."""
        os.close(self.told)
        os.close(self.ready)

    async def end(self, sent: signal.Signals | None) -> None:
        """End the worker, and wait for its end.

        Args:
            sent: SIGTERM lets requests in flight finish, SIGINT gives them `LAST_GRACE`; None
                ends it here and now. Either way the app cleans up within the time it has.
        """
        if sent is not None:
            grace = self.timing.graceful_timeout
            if sent is signal.SIGINT:
                grace = min(grace, LAST_GRACE)
            with suppress(ProcessLookupError):
                self.process.send_signal(sent)
            with suppress(TimeoutError):
                limit = replace(self.timing, graceful_timeout=grace).shutdown
                await asyncio.wait_for(self.process.wait(), limit)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def says(self) -> bytes:
        """Return its messages so far, once it is ready or has ended."""
        return await asyncio.to_thread(_read, self.ready)

    async def ended(self) -> str:
        """Return how the process ended, once it has."""
        status = await self.process.wait()
        if status < 0:
            return f"it was ended by signal {-status}, {signal.strsignal(-status)}"
        return f"it ended with status {status}"


class Workers:
    """Keeps one worker running, with the app as of the last `replace`.

    Args:
        launch: Starts a worker.
        announce: Called when a worker is ready, or ends unexpectedly.
        where: The message when the first worker is ready.
    """

    def __init__(
        self, launch: Callable[[], Awaitable[Worker]], announce: Callable[[str], None], where: str
    ) -> None:
        self._launch = launch
        self._announce = announce
        self._where = where
        self._answering: Worker | None = None
        self._starting: Worker | None = None
        self._spare: Worker | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._short_lives = 0

    async def replace(self, explanation: str = "") -> None:
        """Let another worker begin; the one before it ends once this one answers.

        Args:
            explanation: The text to respond with, in place of the app.
        """
        spare, self._spare = self._spare, None
        if spare is not None and spare.process.returncode is not None:
            spare.dismiss()
            spare = None
        new = spare or await self._launch()
        if self._starting is not None:
            # It may never answer, and what it loads is not what is there now.
            self._spawn(self._starting.end(None))
        self._starting = new
        new.tell(explanation)
        self._spawn(self._attend(new, explanation, ahead=new is spare))

    async def use(self, launch: Callable[[], Awaitable[Worker]]) -> None:
        """Start workers in another way from now on; one that waits was started in the old."""
        self._launch = launch
        await self._drop_spare()

    async def end(self) -> None:
        """End all workers, and wait for their end."""
        starting, self._starting = self._starting, None
        answering, self._answering = self._answering, None
        if starting is not None:
            self._spawn(starting.end(None))
        if answering is not None:
            self._spawn(answering.end(signal.SIGINT))
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._drop_spare()

    async def _keep_spare(self) -> None:
        """Start one ahead, unless another is there by then or it is started in an old way."""
        launch = self._launch
        spare = await launch()
        if launch is self._launch and self._spare is None:
            self._spare = spare
        else:
            await _dismiss(spare)

    async def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            await _dismiss(spare)

    async def _attend(self, worker: Worker, explanation: str, *, ahead: bool) -> None:
        """See a worker from its begin to its end, and put another in its place."""
        clock = asyncio.get_running_loop().time
        began = clock()
        said = await worker.says()
        answered = clock()
        if said not in (b"", BEGUN) and worker is self._starting:
            if self._where:
                self._announce(self._where)
                self._where = ""
            if ANSWERS in said:
                self._announce(f"ready after {answered - began:.2f} s")
            before, self._answering, self._starting = self._answering, worker, None
            if before is not None:
                self._spawn(before.end(signal.SIGTERM))
            await self._keep_spare()
        how = await worker.ended()
        if worker is self._answering:
            self._answering = None
            await self._succeed(how, soon=clock() - answered < _SHORT)
        elif worker is self._starting and ahead and not said:
            # It ended while it waited, so the app is not the cause.
            await self.replace(explanation)
        elif worker is self._starting and not explanation:
            await self._give_up(
                f"error: the app's process has gone before it answered\ncause: {how}"
            )

    async def _succeed(self, how: str, *, soon: bool) -> None:
        """Put another in the place of one that ended unasked, unless they do so time and again."""
        self._short_lives = self._short_lives + 1 if soon else 0
        if self._short_lives == _SHORT_LIVES:
            self._short_lives = 0
            await self._give_up(
                f"error: the app's process goes as soon as it answers\ncause: {how}"
            )
        else:
            self._announce(f"the app's process has gone: {how}; another one begins")
            await self.replace()

    async def _give_up(self, text: str) -> None:
        """Respond with the error, until the next save."""
        self._announce(text)
        await self.replace(text)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _dismiss(worker: Worker) -> None:
    worker.dismiss()
    await worker.end(None)


def _read(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as reading:
        return reading.read()
