"""`ferryman dev -t server`: a listening socket, and a worker that each save replaces.

The new worker takes over when its app is ready, and the old one finishes its requests. The socket
stays open, so no client is refused in between. A spare worker, which has imported everything except
the app, waits for the next save.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.serving import Timing
from ferryman.local.lambda_.process_group import tied_to_this_process
from ferryman.local.reload.configuration import Configuration, read_again
from ferryman.local.reload.watching import saves
from ferryman.local.reload.workers import Worker, Workers
from ferryman.local.server import bake_server, cannot_listen, server_variables
from ferryman.targets.protocols import Address
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("listen", "run_server")

_WORKER = "ferryman.local.reload.worker_process"
# Settings that do not apply here: other ports, certificates, telemetry collectors.
_NOT_HERE: Mapping[str, None] = dict.fromkeys(
    ("admin_bind", "certificate", "drain_delay", "private_key", "telemetry", "workers")
)


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        ConfigError: The address is in use, or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise cannot_listen(address, error) from None
    return listener


async def run_server(
    configuration: Configuration,
    read: Callable[[], Configuration],
    listener: socket.socket,
    announce: Callable[[str], None],
    stopped: asyncio.Event,
) -> None:
    """Answer with the app until `stopped`. The next response shows each save.

    Args:
        configuration: The app's configuration.
        read: Reads the configuration again, after a save of one of its files.
        listener: The listening socket.
        announce: Called with messages about readiness, saves and starts.
        stopped: Set this event to end the run.

    Raises:
        ConfigError: The project names no app, or watchfiles is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        settings = Path(scratch, "ferryman.json")
        where = "server answers at http://{}:{}; Ctrl-C ends it".format(*_address(listener))
        workers = Workers(_launcher(configuration, listener, settings).launch, announce, where)
        # Watch before the first worker reads the files, so that no save is missed.
        first = asyncio.create_task(workers.replace())
        try:
            async for names in saves(configuration.project.root, stopped):
                announce(f"{', '.join(names)} changed")
                await first
                before = configuration
                configuration = read_again(read, before, names, announce)
                if configuration is not before:
                    await workers.use(_launcher(configuration, listener, settings).launch)
                await workers.replace()
        finally:
            await first
            await workers.end()


@dataclass(frozen=True, slots=True)
class _Launcher:
    """Starts workers of a project that answer on a listener."""

    directory: Path
    listener: socket.socket
    variables: Mapping[str, str]
    timing: Timing

    async def launch(self) -> Worker:
        """Start a worker, which imports everything except the app and waits for its order."""
        order_end, order = os.pipe()
        messages, messages_end = os.pipe()
        passed = (self.listener.fileno(), messages_end, order_end)
        try:
            process = await asyncio.create_subprocess_exec(
                *tied_to_this_process(),
                *(sys.executable, "-m", _WORKER, *map(str, passed)),
                cwd=self.directory,
                env=self.variables,
                pass_fds=passed,
                start_new_session=True,
            )
        finally:
            os.close(order_end)
            os.close(messages_end)
        return Worker(process, order, messages, self.timing)


def _launcher(
    configuration: Configuration, listener: socket.socket, settings_file: Path
) -> _Launcher:
    """Write the settings that a build would bake, and return a launcher of workers with them."""
    project = configuration.project
    baked = bake_server(project, Address(*_address(listener)), **_NOT_HERE)
    settings_file.write_text(baked.to_json(), encoding="utf-8")
    outer = {**os.environ, **configuration.variables}
    variables = server_variables(project, settings_file, outer)
    timing = ServerSettings.read(baked.options).timing
    return _Launcher(project.root, listener, variables, timing)


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
