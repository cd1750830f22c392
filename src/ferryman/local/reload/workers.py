"""The processes of `ferryman dev -t server`: one answers, another waits for the next save.

Most of a start is the import of modules outside the app, so a spare process does it ahead. The
module does not watch files: its caller says when a new process must load the app.
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
"""The most seconds that in-flight requests may take after Ctrl-C."""

# A worker that ends within so many seconds failed early. After so many early failures in a row,
# ferryman starts no other worker until the next save.
_SHORT = 1.0
_SHORT_LIVES = 3


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that waits for its order to begin.

    Attributes:
        process: The process, which leads its own process group.
        order: The end of a pipe to write the order to.
        messages: The end of a pipe to read the worker's messages from.
        timing: The project's settings for shutdowns.
    """

    process: asyncio.subprocess.Process
    order: int
    messages: int
    timing: Timing

    def begin(self, explanation: str) -> None:
        """Let it load the current app, or respond with an explanation instead."""
        with suppress(BrokenPipeError), os.fdopen(self.order, "wb") as pipe:
            pipe.write(b"!" + explanation.encode())

    def dismiss(self) -> None:
        """Close the pipes to an unused worker, which then ends."""
        os.close(self.order)
        os.close(self.messages)

    async def end(self, sent: signal.Signals | None) -> None:
        """End the worker, and wait for its end.

        Args:
            sent: SIGTERM lets in-flight requests finish within the graceful timeout, SIGINT
                within `LAST_GRACE`; the app then cleans up. None kills the worker at once.
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
        """Wait until it is ready or has ended, and return its messages."""
        return await asyncio.to_thread(_read, self.messages)

    async def ended(self) -> str:
        """Wait for the end of the process, and return how it ended."""
        status = await self.process.wait()
        if status < 0:
            return f"signal {-status}, {signal.strsignal(-status)}, ended it"
        return f"it ended with status {status}"


class Workers:
    """Keeps a worker running, with the app as of the last `replace`.

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
        """Let another worker begin. The previous worker ends when the new one is ready.

        Args:
            explanation: The text to respond with, in place of the app.
        """
        spare, self._spare = self._spare, None
        if spare is not None and spare.process.returncode is not None:
            spare.dismiss()
            spare = None
        new = spare or await self._launch()
        if self._starting is not None:
            # It may never be ready, and it loads an older version of the app.
            self._spawn(self._starting.end(None))
        self._starting = new
        new.begin(explanation)
        self._spawn(self._attend(new, explanation, ahead=new is spare))

    async def use(self, launch: Callable[[], Awaitable[Worker]]) -> None:
        """Start workers with another launcher, and drop the spare of the previous one."""
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
        """Start a spare worker, unless there is one by then or the launcher has changed."""
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
        """Watch a worker from its beginning to its end, and replace it if it fails."""
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
            await self._give_up(f"error: the app's process ended before it was ready\ncause: {how}")

    async def _succeed(self, how: str, *, soon: bool) -> None:
        """Replace a worker that ended by itself, unless several in a row have failed early."""
        self._short_lives = self._short_lives + 1 if soon else 0
        if self._short_lives == _SHORT_LIVES:
            self._short_lives = 0
            await self._give_up(
                f"error: the app's process ends as soon as it is ready\ncause: {how}"
            )
        else:
            self._announce(f"the app's process ended: {how}; ferryman starts another one")
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
