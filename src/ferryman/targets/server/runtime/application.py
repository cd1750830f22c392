"""Configures gunicorn from the baked settings, without a configuration file."""

from __future__ import annotations

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gunicorn import systemd
from gunicorn.app.base import BaseApplication

from ferryman.core.app_settings import provide_settings
from ferryman.core.errors import ConfigError
from ferryman.core.logs import configure
from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.accepting import room_for_connections
from ferryman.targets.server.runtime.cgroup import available_workers
from ferryman.targets.server.runtime.gunicorn_options import refuse_gunicorn_options, unheeded
from ferryman.targets.server.runtime.listeners import Listener, listen
from ferryman.targets.server.runtime.log_output import LogOutput
from ferryman.targets.server.runtime.master import Master
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.overflow.forwarder import check_credentials
from ferryman.targets.server.runtime.runner import Runner
from ferryman.targets.server.runtime.shared_directory import scratch_directory, shared_directory
from ferryman.targets.server.runtime.sharing.process import KeeperProcess
from ferryman.targets.server.runtime.tls import tls_context
from ferryman.targets.server.runtime.web_function import as_web_function

__all__ = ("ServerApplication", "gunicorn_options")

_TELEMETRY = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class ServerApplication(BaseApplication):  # type: ignore[misc]
    """gunicorn's application object.

    Args:
        settings: The settings of the build or of the command line.

    Raises:
        ConfigError: A setting is wrong or exceeds a limit of the process, or gunicorn is
            configured in another way.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        refuse_gunicorn_options(os.environ)
        self.settings = as_web_function(ServerSettings.read(settings.options), os.environ)
        tls_context(self.settings)
        check_credentials(self.settings, os.environ)
        check_connections(self.settings.max_connections)
        self._scratch = scratch_directory()
        if self.settings.telemetry:
            require_telemetry()
        self._app = settings.app
        self._needed = settings.settings
        self._name = settings.name
        self._version = settings.version
        self.listener: Listener | None = None
        self._admin: Listener | None = None
        self.directory = Path()
        self.log_output = LogOutput(sys.stdout)
        self.keeper: KeeperProcess | None = None
        super().__init__(prog="ferryman")

    def load_config(self) -> None:
        """Set gunicorn's options."""
        for name, value in gunicorn_options(self.settings, self._name, self._scratch).items():
            self.cfg.set(name, value)

    def load(self) -> str:
        """Return the app's reference; each worker loads the app after the fork."""
        return self._app

    def runner(self) -> Runner:
        """Return the runner of the app in this worker.

        Raises:
            ConfigError: The telemetry of the environment is not available, a setting that the app
                needs is missing, or a secret cannot be read.
        """
        provide_settings(self._needed)
        tracing = None
        if self.settings.telemetry:
            from ferryman.targets.server.runtime.tracing import Tracing

            tracing = Tracing(self._name, self._version)
        monitor = Monitor(self.settings, self._version, self._admin, self.directory, tracing)
        channels = (self.keeper.idle, self.keeper.asked) if self.keeper else None
        return Runner(self._app, self.settings, monitor, channels)

    def _make_keeper(self) -> KeeperProcess | None:
        """Return the keeper of idle connections; None if workers share none.

        The state of a TLS connection cannot be passed to another worker.
        """
        settings = self.settings
        workers = settings.workers or available_workers()
        if workers < 2 or not settings.share_connections or settings.certificate is not None:
            return None
        most = settings.max_connections * workers if settings.max_connections else None
        return KeeperProcess(most, settings.drain_delay)

    def run(self) -> None:
        """Serve until a signal ends it.

        Raises:
            AddressUnavailable: An address is in use, or does not belong to this machine.
            ConfigError: An address cannot be bound.
            SystemExit: At the end, in the master and in each worker.
        """
        self._open_listeners()
        self.keeper = self._make_keeper()
        configure(self.settings.log_format, self.settings.log_level, self.log_output)
        # The output of the app must not wait for a reader either.
        sys.stdout, sys.stderr = self.log_output.text_stream(), LogOutput(sys.stderr).text_stream()
        for warning in unheeded(os.environ, Path()):
            logging.getLogger("ferryman").warning(warning)
        try:
            with shared_directory(self._scratch) as self.directory:
                Master(self).run()
        finally:
            self.log_output.close()

    def _open_listeners(self) -> None:
        """Bind both addresses, the app's last, because its socket may replace another server's."""
        if self.settings.admin_bind:
            self._admin = self._listen("admin_bind", self.settings.admin_bind)
        try:
            if not systemd.listen_fds(unset_environment=False):
                self.listener = self._listen("bind", self.settings.bind)
        except BaseException:
            if self._admin is not None:
                self._admin.close()
            raise

    def _listen(self, key: str, address: str) -> Listener:
        settings = self.settings
        return listen(key, address, backlog=settings.backlog, mode=settings.socket_mode)


def check_connections(wanted: int | None) -> None:
    """Check that the process may open `max_connections` connections.

    Args:
        wanted: `max_connections`.

    Raises:
        ConfigError: The limit of file descriptors is too low.
    """
    room = room_for_connections()
    if wanted is not None and wanted > room:
        raise ConfigError(
            f"[tool.ferryman.server] max_connections = {wanted}, and the limit of open files "
            f"leaves a worker room for {room}",
            hint=f"set it to {room} at the most, or raise the limit: ulimit -n, LimitNOFILE",
        )


def gunicorn_options(settings: ServerSettings, name: str, scratch: Path) -> dict[str, Any]:
    """Return gunicorn's options for these settings.

    Options that are missing here keep gunicorn's default, or do not affect our worker.

    Args:
        settings: The server's settings.
        name: The project's name, for the process titles.
        scratch: A directory for the heartbeat files of workers.
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
        "worker_tmp_dir": str(scratch),
        # By default it is in the home directory, which a container's user cannot write to.
        "control_socket_disable": True,
    }


def require_telemetry() -> None:
    """Check that the packages for `telemetry` are installed; each worker imports them itself.

    Raises:
        ConfigError: A package is missing.
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
