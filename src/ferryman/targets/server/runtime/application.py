"""gunicorn, configured from the baked settings: there is no configuration file."""

from __future__ import annotations

import logging
import os
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from ferryman.core.errors import ConfigError
from ferryman.core.logs import configure
from ferryman.core.serving import Endpoint
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.cgroup import available_workers
from ferryman.targets.server.runtime.master import Master
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.refused import refuse_gunicorn_options, unheeded
from ferryman.targets.server.runtime.runner import Runner
from ferryman.targets.server.runtime.shared import shared_directory
from ferryman.targets.server.runtime.tls import tls_context

__all__ = ("ServerApplication", "gunicorn_options")

# The heartbeat of workers is a file whose times change; in memory it costs no disk, and
# needs no disk to be writable.
_MEMORY = "/dev/shm"  # noqa: S108 - the system's own, not a name we make up

_TELEMETRY = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class ServerApplication(BaseApplication):  # type: ignore[misc]
    """The app as gunicorn runs it.

    Args:
        settings: What the build, or the command line, decided.

    Raises:
        ConfigError: A setting is wrong, or gunicorn is configured by other means.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        refuse_gunicorn_options(os.environ)
        self.settings = ServerSettings.read(settings.options)
        tls_context(self.settings)
        if self.settings.telemetry:
            require_telemetry()
        self._app = settings.app
        self._name = settings.name
        self._version = settings.version
        self._admin: socket.socket | None = None
        self._directory = Path()
        super().__init__(prog="ferryman")

    def load_config(self) -> None:
        """Set gunicorn's options."""
        for name, value in gunicorn_options(self.settings, self._name).items():
            self.cfg.set(name, value)

    def load(self) -> str:
        """Return the app's reference: each worker loads it after the fork."""
        return self._app

    def runner(self) -> Runner:
        """Return what runs the app in this worker.

        Raises:
            ConfigError: The environment asks for telemetry that cannot be had.
        """
        tracing = None
        if self.settings.telemetry:
            from ferryman.targets.server.runtime.tracing import Tracing

            tracing = Tracing(self._name, self._version)
        monitor = Monitor(self.settings, self._version, self._admin, self._directory, tracing)
        return Runner(self._app, self.settings, monitor)

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises:
            ConfigError: The admin port cannot be bound.
            SystemExit: At the end, in the master and in every worker.
        """
        if self.settings.admin_bind:
            self._admin = bind(self.settings.admin_bind)
        configure(self.settings.log_format, self.settings.log_level)
        for warning in unheeded(os.environ, Path()):
            logging.getLogger("ferryman").warning(warning)
        with shared_directory(memory()) as self._directory:
            Master(self).run()


def gunicorn_options(settings: ServerSettings, name: str) -> dict[str, Any]:
    """Return gunicorn's options for these settings.

    What is not here is gunicorn's default, or does not reach our worker at all.

    Args:
        settings: The server's.
        name: The project's name, which the processes show.
    """
    return {
        "bind": settings.bind,
        "backlog": settings.backlog,
        "workers": settings.workers or available_workers(),
        "worker_class": "ferryman.targets.server.runtime.worker.Worker",
        "timeout": settings.worker_timeout,
        "max_requests": settings.max_requests,
        "max_requests_jitter": settings.max_requests_jitter,
        "loglevel": settings.log_level.lower(),
        "proc_name": name,
        "logger_class": "ferryman.targets.server.runtime.master_log.MasterLog",
        "worker_tmp_dir": memory(),
        # It would be made in the home directory, which a container's user cannot write to.
        "control_socket_disable": True,
    }


def require_telemetry() -> None:
    """See that what `telemetry` needs is installed; the workers import it, each its own.

    Raises:
        ConfigError: It is not.
    """
    try:
        found = [find_spec(name) for name in _TELEMETRY]
    except ModuleNotFoundError:
        found = [None]
    if None in found:
        raise ConfigError(
            "telemetry = true, and OpenTelemetry is not installed",
            hint="pip install 'ferryman[otel]', or set [tool.ferryman.server] telemetry = false",
        )


def memory() -> str | None:
    """Return a directory in memory, or None where there is none to write to."""
    return _MEMORY if os.access(_MEMORY, os.W_OK) else None


def bind(address: str) -> socket.socket:
    """Return a socket that listens, for workers to inherit.

    Args:
        address: `host:port`, as the settings have it.

    Raises:
        ConfigError: It cannot be bound.
    """
    place = Endpoint.parse(address)
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, place.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"admin_bind = {address!r}: the admin port cannot be opened",
            cause=str(error),
            hint="set [tool.ferryman.server] admin_bind to another HOST:PORT",
        ) from error
