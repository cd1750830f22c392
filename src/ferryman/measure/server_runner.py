"""Runs the app under the real server, one worker, and sends it load over loopback."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from ferryman.core.errors import AppError, FerrymanError
from ferryman.local.lambda_.app_log import own_frames
from ferryman.local.lambda_.process_group import tied_to_this_process
from ferryman.local.needed_packages import need_gunicorn
from ferryman.local.process_usage import cpu_seconds, memory_mib, peak_mib, waited_seconds
from ferryman.local.server import COMMAND, bake_server, server_variables
from ferryman.measure.load_generator import LoadGenerator, end_process, load_generator
from ferryman.measure.request import Request
from ferryman.measure.runner import PATIENCE, Batch, Sample
from ferryman.project.project import Project
from ferryman.targets.protocols import Address
from ferryman.targets.server.options import ServerOptions

__all__ = ("ServerRunner",)

_HOST = "127.0.0.1"
_START_LIMIT = 30.0
# Seconds within which a server finishes its work after a response.
_AFTERWARDS = 0.003
_POLL = 0.005
_LINES = 12
"""Lines of the log that an error quotes if the log has no error."""


class ServerRunner:
    """Starts the server of a project.

    Args:
        project: The project.
        requests: The requests to send.
        scratch: A directory for settings and log.
        patience: Seconds to wait for a response.

    Raises:
        ConfigError: gunicorn is not installed.
    """

    name: ClassVar[str] = "server"
    concurrent: ClassVar[bool] = True

    def __init__(
        self,
        project: Project,
        requests: Sequence[Request],
        scratch: Path,
        patience: float = PATIENCE,
    ) -> None:
        need_gunicorn()
        self._project = project
        self._requests = requests
        self._scratch = scratch
        self._patience = patience

    @asynccontextmanager
    async def start(self) -> AsyncIterator[RunningServer]:
        """Start the server and a load generator, and end both with the block.

        Raises:
            AppError: The app did not start.
        """
        port = _free_port()
        log = self._scratch / "server.log"
        began = asyncio.get_running_loop().time()
        process = await self._launch(port, log)
        try:
            await _until_ready(process, port, self._readiness, log)
            took = asyncio.get_running_loop().time() - began
            rest = memory_mib(process.pid)
            async with load_generator(_HOST, port, self._requests) as generator:
                yield RunningServer(
                    process.pid, port, generator, log, rest, took * 1000, self._patience
                )
        finally:
            await end_process(process)

    @property
    def _readiness(self) -> str:
        return self._project.section("server", ServerOptions).readiness_path

    async def _launch(self, port: int, log: Path) -> asyncio.subprocess.Process:
        address = Address(_HOST, port)
        baked = bake_server(
            self._project, address, workers=1, health_on_app_port=True, log_format="json"
        )
        settings = self._scratch / "server.json"
        settings.write_text(baked.to_json(), encoding="utf-8")
        passed = {k: v for k, v in os.environ.items() if not k.startswith("FERRYMAN_")}
        with log.open("wb") as written:
            return await asyncio.create_subprocess_exec(
                *tied_to_this_process(),
                *COMMAND,
                cwd=self._project.root,
                env=server_variables(self._project, settings, passed),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )


class RunningServer:
    """A running server.

    Args:
        pid: Its master's process id.
        port: Its port, on loopback.
        generator: The load generator.
        log: The file of its log.
        rest_mib: Memory before the first request, MiB.
        init_ms: From start to the first response, milliseconds.
        patience: Seconds to wait for a response.
    """

    def __init__(
        self,
        pid: int,
        port: int,
        generator: LoadGenerator,
        log: Path,
        rest_mib: float,
        init_ms: float,
        patience: float,
    ) -> None:
        self.pid = pid
        self.port = port
        self._generator = generator
        self._log = log
        self._patience = patience
        self._init_ms = init_ms
        self.rest_mib = rest_mib

    async def send(
        self, order: Sequence[int], concurrency: int = 1, seconds: float | None = None
    ) -> Batch:
        """Make the load generator send requests; see `Running`."""
        return await self._do({"order": order, "concurrency": concurrency, "seconds": seconds})

    async def arrive(self, order: Sequence[int], offsets: Sequence[float]) -> Batch:
        """Make the load generator send requests at their times; see `ConcurrentlyRunning`."""
        return await self._do({"order": order, "offsets": offsets})

    async def _do(self, job: dict[str, Any]) -> Batch:
        before, waited = cpu_seconds(self.pid), waited_seconds(self.pid)
        found = await self._generator.do({**job, "patience": self._patience})
        await asyncio.sleep(_AFTERWARDS)
        return Batch(
            seconds=found["seconds"],
            in_time=found["in_time"],
            samples=tuple(Sample(*sample) for sample in found["samples"]),
            failures=tuple((index, why) for index, why in found["failures"]),
            cpu_seconds=cpu_seconds(self.pid) - before,
            took=found["took"],
            waited_seconds=max(0.0, waited_seconds(self.pid) - waited),
            generator_busy=found["busy"],
        )

    def errors(self) -> list[str]:
        """Return the tracebacks in the server's log."""
        return _logged_tracebacks(self._log.read_text(errors="replace"))

    def memory_mib(self) -> float:
        """Return the memory of master and worker."""
        return memory_mib(self.pid)

    def peak_mib(self) -> float:
        """Return the peak memory of master and worker."""
        return peak_mib(self.pid)

    def init_ms(self) -> float:
        """Return how long the start took."""
        return self._init_ms


async def _until_ready(
    process: asyncio.subprocess.Process, port: int, path: str, log: Path
) -> None:
    """Wait until the server reports that the app has started.

    Raises:
        AppError: The server ended, or took too long.
    """
    try:
        async with asyncio.timeout(_START_LIMIT):
            while process.returncode is None:
                with suppress(OSError, asyncio.IncompleteReadError):
                    if await _is_ready(port, path):
                        return
                await asyncio.sleep(_POLL)
    except TimeoutError:
        raise AppError(
            f"the app did not start within {_START_LIMIT:g} seconds",
            cause=log.read_text(errors="replace")[-2000:],
            hint="look at its on_startup handlers: one may wait for a service that is unavailable",
        ) from None
    raise _start_error(log.read_text(errors="replace"))


async def _is_ready(port: int, path: str) -> bool:
    reader, writer = await asyncio.open_connection(_HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in await reader.readuntil(b"\r\n")
    finally:
        writer.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _start_error(log: str) -> FerrymanError:
    """Return the error in a server's log, or an error with the log's last lines as its cause.

    Args:
        log: The log; of JSON lines those with an `error` count.
    """
    for error in _errors(log):
        return AppError.from_dict(error)
    tail = "\n".join(log.splitlines()[-_LINES:])
    return AppError("the server ended before it was ready", cause=tail or "it wrote nothing")


def _logged_tracebacks(log: str) -> list[str]:
    """Return the tracebacks in a server's log, in its order, without frames of ferryman."""
    found = [str(record["exception"]) for record in _records(log) if "exception" in record]
    return ["\n".join(own_frames(trace.splitlines())) for trace in found]


def _errors(log: str) -> Iterator[Mapping[str, Any]]:
    return (record["error"] for record in _records(log) if "error" in record)


def _records(log: str) -> Iterator[Mapping[str, Any]]:
    for line in log.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record
