"""The process group of an environment: starts, freezes, thaws, measures and ends it.

Of Lambda it knows only how runtimes write their logs. If util-linux's setpriv is installed, the
kernel ends the processes with this one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ferryman.local.lambda_.log_entries import LOG_VARIABLE, LogEntries
from ferryman.local.process_usage import family, resident_and_peak

__all__ = ("EnvironmentProcess", "start_process", "tied_to_this_process")

_PIECE = 64 * 1024


class EnvironmentProcess:
    """A process and its children, as one.

    Args:
        process: The leader of the group.
        output: The output of all processes in the group.
        log: Takes each entry of the output.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        output: asyncio.StreamReader,
        log: Callable[[str], None],
    ) -> None:
        self._process = process
        self._output = output
        self._log = log
        self.frozen = False
        """Whether the processes are stopped, until `thaw`."""
        self._ending = False
        self.peak = 0
        """The largest measured memory, in bytes."""
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the leader has not ended."""
        return self._process.returncode is None

    def tell(self) -> None:
        """Write a line to its standard input, and close it."""
        if self._process.stdin is not None:
            self._process.stdin.write(b"\n")
            self._process.stdin.close()

    def spent(self) -> float:
        """Return its CPU time in seconds; 0 if unknown."""
        try:
            words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def freeze(self) -> None:
        """Stop all processes until `thaw`. A frozen process cannot end by itself."""
        if not self.frozen and not self._ending and self.running:
            self.frozen = True
            self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all processes run again."""
        if self.frozen:
            self.frozen = False
            self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill all processes."""
        self._signal(signal.SIGKILL)

    async def end(self, patience: float) -> None:
        """End all processes, and wait for the leader.

        Args:
            patience: Seconds between SIGTERM and SIGKILL; with 0, only SIGKILL is sent.
        """
        self._ending = True
        self.thaw()
        if patience and self.running:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience)
        self.kill()
        await self._process.wait()
        await self._reading

    async def wait(self) -> str:
        """Wait for the leader's end, read its last lines, and return how it ended."""
        status = await self._process.wait()
        # Its children would keep the pipe open, and must not outlive it.
        self.kill()
        await asyncio.wait({self._reading})
        if status < 0:
            name = "killed" if status == -signal.SIGKILL else signal.strsignal(-status) or ""
            return f"signal: {name.lower()}"
        return f"exit status {status}"

    def measure(self) -> int:
        """Return the memory of the process and its children in bytes; 0 if unknown."""
        memory = [resident_and_peak(pid) for pid in family(self.pid)]
        held = sum(resident for resident, _ in memory)
        self.peak = max(self.peak, held, memory[0][1])
        return held

    async def _read(self) -> None:
        entries = LogEntries()
        while piece := await self._output.read(_PIECE):
            for entry in entries.feed(piece):
                self._log(entry)
        for entry in entries.end():
            self._log(entry)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def start_process(
    command: Sequence[str],
    directory: Path,
    variables: Mapping[str, str],
    log: Callable[[str], None],
    *,
    waits: bool = False,
) -> EnvironmentProcess:
    """Start a command as the leader of its own process group.

    Args:
        command: The command.
        directory: Its working directory.
        variables: Its environment variables.
        log: Takes each entry of its output.
        waits: Whether it has a standard input, and waits for a line on it.

    Raises:
        OSError: There is no such command or directory.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *tied_to_this_process(),
            *command,
            cwd=directory,
            env={**variables, LOG_VARIABLE: str(writing)},
            stdin=asyncio.subprocess.PIPE if waits else asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            pass_fds=(writing,),
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return EnvironmentProcess(process, await _reader(reading), log)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    return reader


def tied_to_this_process() -> tuple[str, ...]:
    """Return the prefix that makes the kernel end a command with this process, if available."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
