"""gunicorn, configured from the baked settings: there is no configuration file.

Only what aiohttp's worker honours is set here; gunicorn's other options would be
ignored without a word.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from gunicorn.app.base import BaseApplication

from ferryman.core import capabilities
from ferryman.core.errors import ConfigError
from ferryman.core.loader import load_app
from ferryman.core.serving import GRACEFUL_TIMEOUT, KEEP_ALIVE, PORT
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.capability import CAPABILITIES

__all__ = ("ServerApplication", "gunicorn_options")

# The heartbeat of workers is a file whose times change; in memory it costs no disk, and
# needs no disk to be writable.
_HEARTBEAT_DIRECTORY = "/dev/shm"  # noqa: S108 - the system's own, not a name we make up

# Of GRACEFUL_TIMEOUT, what requests in flight get before their handlers are cancelled;
# the rest is for the app's own cleanup.
_SHUTDOWN_SHARE = 0.9


class ServerApplication(BaseApplication):  # type: ignore[misc]
    """The app as gunicorn runs it.

    Args:
        settings: What the build, or the command line, decided.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        super().__init__(prog="ferryman")

    def load_config(self) -> None:
        """Set gunicorn's options."""
        for name, value in gunicorn_options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[[], Awaitable[web.AppRunner]]:
        """Return what makes the worker's runner, in each worker, after the fork."""
        return self._make_runner

    async def _make_runner(self) -> web.AppRunner:
        # An AppRunner of our own, and not the bare application: then aiohttp's worker
        # takes these settings instead of the few of gunicorn's that it knows.
        capabilities.declare(CAPABILITIES)
        return web.AppRunner(
            await load_app(self._settings.app),
            access_log=None,
            keepalive_timeout=KEEP_ALIVE,
            shutdown_timeout=GRACEFUL_TIMEOUT * _SHUTDOWN_SHARE,
        )


def gunicorn_options(settings: RuntimeSettings) -> dict[str, Any]:
    """Return gunicorn's options for these settings.

    Raises:
        ConfigError: A value is not what the option takes.
    """
    options = settings.options
    workers = options.get("workers", 1)
    if not isinstance(workers, int) or workers < 1:
        raise ConfigError(f"workers is {workers!r}", hint="set it to a number of at least 1")
    return {
        "bind": str(options.get("bind", f"127.0.0.1:{PORT}")),
        "workers": workers,
        "worker_class": "ferryman.targets.server.runtime.worker.Worker",
        "graceful_timeout": GRACEFUL_TIMEOUT,
        "keepalive": KEEP_ALIVE,
        "proc_name": settings.name,
        "worker_tmp_dir": _HEARTBEAT_DIRECTORY if Path(_HEARTBEAT_DIRECTORY).is_dir() else None,
        # It would be made in the home directory, which a container's user cannot write to.
        "control_socket_disable": True,
    }
