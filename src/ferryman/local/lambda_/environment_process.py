"""An environment: a process behind a Runtime API, its limits and its log.

It takes invocations while it has room, and ends at the first timeout or exit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from ferryman.local.lambda_ import report_lines as report
from ferryman.local.lambda_.environment_variables import function_variables
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.lambda_.invocation import Invocation
from ferryman.local.lambda_.outcome import EXIT, INIT, MEMORY, TIMEOUT, Outcome, failed
from ferryman.local.lambda_.process_group import EnvironmentProcess, start_process
from ferryman.local.lambda_.runtime_api import RuntimeApi

__all__ = ("Environment", "Log")

Log = Callable[[str], None]
"""Takes one entry of a function's log: a line, or a record of several lines."""

_MIB = 1024 * 1024
# Seconds between two measurements of memory.
_MEASURE = 0.1
# Seconds that AWS gives the hooks after a restore ("Lambda SnapStart runtime hooks").
_RESTORE = 10.0
# Seconds between SIGTERM and SIGKILL for a runtime with an internal extension on AWS.
_SHUTDOWN = 0.5


class Environment:
    """An execution environment of the function.

    Args:
        settings: The function's settings.
        log: Takes the process's lines, and Lambda's lines about it.
        changed: Called when the environment has room again, or has ended.
        phase: `init`, or `invoke` if the environment repeats an init that timed out.
    """

    def __init__(
        self,
        settings: FunctionSettings,
        log: Log,
        changed: Callable[[Environment], None],
        phase: str = "init",
    ) -> None:
        self._settings = settings
        self._log = log
        self._changed = changed
        self._api = RuntimeApi(settings, self._rest)
        self._process: EnvironmentProcess | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._init_duration: float | None = None
        self._restore_duration: float | None = None
        self._killed_for = ""
        self._stopping = False
        self._wanted = asyncio.Event()
        self._phase = phase
        self.taken = 0
        """Invocations that are assigned to it and have not ended."""
        self.over = False
        """Whether it takes no more invocations."""
        self.started = asyncio.create_task(self._start())
        """Resolved after the init phase, with None or the outcome of a failed init."""

    @property
    def has_room(self) -> bool:
        """Whether it can take another invocation."""
        return not self.over and self.taken < self._settings.concurrency

    @property
    def timed_out_in_init(self) -> bool:
        """Whether its process took too long to start, so that Lambda tries once more."""
        if self._phase != "init" or not self.started.done() or self.started.cancelled():
            return False
        outcome = self.started.result()
        return outcome is not None and outcome.fault == TIMEOUT

    @property
    def lingers(self) -> bool:
        """Whether it has sent a response, and is busy only with work after the response."""
        under_way = self._api.under_way
        return not self.over and any(each.answer.done() for each in under_way)

    @property
    def pid(self) -> int | None:
        """The process id, if the process has started."""
        return self._process.pid if self._process else None

    def want(self) -> None:
        """Let an environment that was started ahead load the app."""
        self._wanted.set()

    async def invoke(self, payload: bytes) -> Outcome:
        """Return the outcome of an event. The caller has incremented `taken`."""
        failure = await asyncio.shield(self.started)
        # An environment that will be replaced still serves the invocations it has taken.
        if failure is not None or self._process is None or not self._process.running:
            self._release()
            return failure or failed("-", EXIT, "the environment has ended")
        invocation = Invocation(payload, self._settings.timeout)
        self._log(report.start_line(invocation.request_id))
        self._process.thaw()
        self._api.offer(invocation)
        self._spawn(self._watch(invocation))
        return await invocation.answer

    async def stop(self) -> None:
        """End the process, with SIGTERM first if it has an extension, and wait for its end."""
        self.over = self._stopping = True
        if not self.started.done():
            self.started.cancel()
        await asyncio.wait({self.started})
        if self._process is not None:
            await self._process.end(_SHUTDOWN if self._api.has_extensions else 0)
        await self._api.close()
        others = {task for task in self._tasks if task is not asyncio.current_task()}
        if others:
            await asyncio.wait(others)

    async def _start(self) -> Outcome | None:
        loop = asyncio.get_running_loop()
        settings = self._settings
        await self._api.open()
        began = loop.time()
        try:
            process = self._process = await start_process(
                settings.command,
                settings.directory,
                function_variables(settings, self._api.address),
                self._log,
                waits=settings.ahead,
            )
        except OSError as error:
            return self._give_up(0.0, failed("-", "Runtime.InvalidEntrypoint", str(error)))
        self._spawn(self._attend(process))
        if settings.ahead:
            await self._wanted.wait()
            # The CPU time spent ahead belongs to the init phase; the wait does not.
            began = loop.time() - process.spent()
            process.tell()
        self._spawn(self._measure(process))
        return await self._begin(began)

    async def _begin(self, began: float) -> Outcome | None:
        """Wait for the init phase and, with a snapshot, for the restore phase."""
        settings, api = self._settings, self._api
        name = "the init phase" if self._phase == "init" else "Task"
        failure, spent = await self._finish(api.ready, began, settings.init_timeout, name)
        if failure is not None or not settings.snapshot:
            self._init_duration = spent
            return failure
        # The init happened earlier, before the snapshot was taken.
        self._phase = "restore"
        now = asyncio.get_running_loop().time()
        failure, spent = await self._finish(api.restored, now, _RESTORE, "the restore phase")
        self._restore_duration = spent
        return failure

    async def _finish(
        self, phase: asyncio.Future[bytes | None], began: float, limit: float, name: str
    ) -> tuple[Outcome | None, float]:
        """Wait for the end of a phase, and return its failure, if any, and its milliseconds."""
        loop = asyncio.get_running_loop()
        try:
            document = await asyncio.wait_for(asyncio.shield(phase), limit)
            failure = None if document is None else Outcome("-", document, INIT)
        except TimeoutError:
            failure = failed("-", TIMEOUT, f"{name} timed out after {limit:.2f} seconds")
        spent = (loop.time() - began) * 1000
        return self._give_up(spent, failure) if failure else None, spent

    def _give_up(self, spent: float, outcome: Outcome) -> Outcome:
        """End an environment that failed to start, and log why."""
        status = "timeout" if outcome.fault == TIMEOUT else "error"
        self._log(report.init_report_line(spent, self._phase, status, outcome.fault or ""))
        self.over = True
        if self._process is not None:
            self._process.kill()
        return outcome

    async def _watch(self, invocation: Invocation) -> None:
        """Wait for the end of an invocation, and write its REPORT line."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        limit = self._settings.timeout
        try:
            fault = await asyncio.wait_for(asyncio.shield(invocation.done), limit)
            message = f"Runtime exited with error: {self._killed_for}"
        except TimeoutError:
            fault, message = TIMEOUT, f"Task timed out after {limit:.2f} seconds"
            self.over = True
            self._log(report.timeout_line(invocation.request_id, limit))
        # Let the process's last lines, which are in the pipe, come before the REPORT line.
        await asyncio.sleep(0)
        bill = self._bill(invocation, (loop.time() - began) * 1000, fault)
        if fault == TIMEOUT and self._process is not None:
            self._process.kill()
        if fault is not None:
            invocation.fail(fault, message)
        self._log(report.end_line(invocation.request_id))
        self._log(str(bill))
        if fault in (EXIT, MEMORY):
            self._log(report.exit_line(invocation.request_id, self._killed_for))
        invocation.finished.set_result(bill)
        self._api.forget(invocation)
        self._release()

    def _bill(self, invocation: Invocation, duration: float, fault: str | None) -> report.Report:
        assert self._process is not None
        self._process.measure()
        init, self._init_duration = self._init_duration, None
        restore, self._restore_duration = self._restore_duration, None
        return report.Report(
            request_id=invocation.request_id,
            duration=duration,
            memory_size=self._settings.memory,
            max_memory_used=min(self._process.peak // _MIB, self._settings.memory),
            init_duration=init,
            restore_duration=restore,
            status={None: None, TIMEOUT: "timeout"}.get(fault, "error"),
            error_type=None if fault == TIMEOUT else fault,
        )

    async def _attend(self, process: EnvironmentProcess) -> None:
        """Wait for the end of the process, and fail its unfinished invocations."""
        how = await process.wait()
        self.over = True
        fault = MEMORY if self._killed_for else EXIT
        self._killed_for = how
        document = failed("-", fault, f"Runtime exited with error: {how}").payload
        for phase in (self._api.ready, self._api.restored):
            if not phase.done():
                phase.set_result(document)
                if not self._stopping:
                    self._log(report.exit_line("-", how))
                break
        for invocation in self._api.under_way:
            if not invocation.done.done():
                # An answered invocation does not fail because the process is no longer needed.
                fine = self._stopping and invocation.answer.done()
                invocation.done.set_result(None if fine else fault)
        self._changed(self)

    async def _measure(self, process: EnvironmentProcess) -> None:
        while process.running:
            # The memory of a frozen process does not grow.
            if not process.frozen and process.measure() > self._settings.memory * _MIB:
                self._killed_for = MEMORY
                process.kill()
            await asyncio.sleep(_MEASURE)

    def _rest(self) -> None:
        if self._settings.concurrency == 1 and self._process is not None:
            self._process.freeze()

    def _release(self) -> None:
        self.taken -= 1
        self._changed(self)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
