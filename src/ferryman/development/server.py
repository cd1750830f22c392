"""`ferryman dev -t server`: one listening socket, and a worker behind it that is replaced.

A new worker takes over once it answers; the old one finishes its requests first. Nobody is
refused in between, as the socket is never closed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from ferryman.core.build.project import Project
from ferryman.core.build.sources import import_root
from ferryman.core.build.target import Address
from ferryman.core.errors import ConfigError
from ferryman.core.serving import GRACEFUL_TIMEOUT
from ferryman.development.watching import saves
from ferryman.targets.lambda_.local.process import tied_to_this_process

__all__ = ("listen", "run_server")

_WORKER = "ferryman.development.worker"


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        ConfigError: That is not to be had.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
        ) from None
    return listener


async def run_server(
    project: Project,
    listener: socket.socket,
    variables: Mapping[str, str],
    announce: Callable[[str], None],
    stopped: asyncio.Event,
) -> None:
    """Answer with the app until `stopped`, with each save in the next answer.

    Args:
        project: The project.
        listener: Where to answer.
        variables: Variables of the app's environment.
        announce: Told what happens.
        stopped: Ends it.

    Raises:
        ConfigError: The project names no app, or watchfiles is not installed.
    """
    workers = _Workers(project, listener, variables)
    try:
        # Watching begins before the first worker has read the files.
        first = asyncio.create_task(workers.replace())
        async for names in saves(project.root, stopped):
            announce(f"{names} changed")
            await first
            await workers.replace()
        await first
    finally:
        await workers.end()


class _Workers:
    """The worker that answers, and those before it that have not ended."""

    def __init__(
        self, project: Project, listener: socket.socket, variables: Mapping[str, str]
    ) -> None:
        root = str(import_root(project))
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._project = project
        self._listener = listener
        self._variables = {**os.environ, **variables, "PYTHONPATH": path}
        self._current: asyncio.subprocess.Process | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def replace(self) -> None:
        """Start a worker, and end the one before it once it answers."""
        reading, writing = os.pipe()
        new = await asyncio.create_subprocess_exec(
            *tied_to_this_process(),
            *(sys.executable, "-m", _WORKER, str(self._project.app)),
            *(str(self._listener.fileno()), str(writing)),
            cwd=self._project.root,
            env=self._variables,
            pass_fds=(self._listener.fileno(), writing),
            start_new_session=True,
        )
        os.close(writing)
        before, self._current = self._current, new
        await asyncio.to_thread(_until_closed, reading)
        if before is not None:
            self._retire(before)

    async def end(self) -> None:
        """End all workers, and see them gone."""
        if self._current is not None:
            self._retire(self._current)
        while self._endings:
            await asyncio.wait(self._endings)

    def _retire(self, worker: asyncio.subprocess.Process) -> None:
        ending = asyncio.create_task(_end(worker))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


async def _end(worker: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        worker.terminate()
    with suppress(TimeoutError):
        await asyncio.wait_for(worker.wait(), GRACEFUL_TIMEOUT)
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    await worker.wait()


def _until_closed(pipe: int) -> None:
    with os.fdopen(pipe, "rb") as reading:
        reading.read()
