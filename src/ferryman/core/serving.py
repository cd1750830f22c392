"""The numbers that a server and its load balancer or orchestrator must agree on.

The server target uses them and the k8s target writes them into manifests; they are defined once so
that the two cannot differ. All times are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ferryman.core.errors import ConfigError

__all__ = (
    "ADMIN_PORT",
    "CANCEL_TIMEOUT",
    "CLEANUP_TIMEOUT",
    "DRAIN_DELAY",
    "EXIT_TIMEOUT",
    "GRACEFUL_TIMEOUT",
    "KEEP_ALIVE",
    "LIVENESS_PATH",
    "LOAD_BALANCER_IDLE_TIMEOUT",
    "METRICS_PATH",
    "PORT",
    "PRE_STOP_DELAY",
    "READINESS_PATH",
    "TERMINATION_GRACE",
    "USER_ID",
    "Endpoint",
    "Front",
    "Serves",
    "Timing",
)

PORT = 8000
"""The TCP port the app listens on."""

ADMIN_PORT = 8001
"""The TCP port of health checks and metrics, which no client of the app should reach."""

LIVENESS_PATH = "/livez"
"""The liveness path: 200 as long as the process responds."""

READINESS_PATH = "/readyz"
"""The readiness path: 200 while the server accepts requests."""

METRICS_PATH = "/metrics"
"""The path of metrics in the Prometheus text format."""

LOAD_BALANCER_IDLE_TIMEOUT = 60
"""How long a load balancer keeps an idle connection: the default of AWS's ALB."""

KEEP_ALIVE = 75
"""How long the server keeps an idle connection.

It must outlast the load balancer's: closing first while the other side sends causes
a 502, and only the load balancer knows how to avoid that.
"""

DRAIN_DELAY = 5
"""How long the server goes on serving after it reports that it is not ready.

In that time every load balancer polls it and stops sending requests.
"""

GRACEFUL_TIMEOUT = 30
"""How long requests in flight may take once the server has closed its port."""

CANCEL_TIMEOUT = 3
"""How long a handler may take to end once it has been cancelled."""

CLEANUP_TIMEOUT = 5
"""How long the app's own cleanup may take after the last request."""

EXIT_TIMEOUT = 4
"""How long telemetry, threads and processes may take to end after the app's cleanup."""

PRE_STOP_DELAY = 5
"""How long Kubernetes waits before it tells the server to stop.

In that time every proxy removes the endpoint from its table.
"""

USER_ID = 65532
"""The id of a container's user, without a name or privileges. Distroless images use it too."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a server's shutdown and of its connections, in seconds.

    Attributes:
        drain_delay: From "not ready" until the server closes its port.
        graceful_timeout: How long requests in flight may take after that.
        keep_alive: How long an idle connection is kept.
        load_balancer_idle_timeout: How long the proxy in front keeps an idle connection; 0 without
            a proxy.
        pre_stop_delay: How long an orchestrator waits before it sends the signal.
    """

    drain_delay: float = DRAIN_DELAY
    graceful_timeout: float = GRACEFUL_TIMEOUT
    keep_alive: float = KEEP_ALIVE
    load_balancer_idle_timeout: float = LOAD_BALANCER_IDLE_TIMEOUT
    pre_stop_delay: float = PRE_STOP_DELAY

    @property
    def shutdown(self) -> float:
        """Seconds from the signal until the last process has ended, at the most."""
        after = CANCEL_TIMEOUT + CLEANUP_TIMEOUT + EXIT_TIMEOUT
        return self.drain_delay + self.graceful_timeout + after

    @property
    def termination_grace(self) -> float:
        """Seconds that a supervisor must wait before it kills the server."""
        return self.pre_stop_delay + self.shutdown

    def check(self, termination_grace: float | None = None) -> Timing:
        """Return this timing if its times fit together.

        Args:
            termination_grace: Seconds until the kill, if the platform sets them; by default
                computed.

        Raises:
            ConfigError: An idle connection would be closed under the load balancer's
                request, or the server killed before its requests are done.
        """
        if self.load_balancer_idle_timeout and self.keep_alive <= self.load_balancer_idle_timeout:
            raise ConfigError(
                f"keep_alive is {self.keep_alive:g} s, and the load balancer keeps an idle "
                f"connection for {self.load_balancer_idle_timeout:g} s",
                cause="the server would close a connection that is about to be used: a 502",
                hint="set keep_alive above load_balancer_idle_timeout, or set that to 0 "
                "if there is no load balancer",
            )
        if termination_grace is not None and termination_grace < self.termination_grace:
            raise ConfigError(
                f"the server is killed after {termination_grace:g} s and may need "
                f"{self.termination_grace:g} s to stop",
                cause=f"{self.pre_stop_delay:g} s before the signal, {self.drain_delay:g} s of "
                f"drain_delay, {self.graceful_timeout:g} s of graceful_timeout, {CANCEL_TIMEOUT} s "
                f"for cancelled handlers, {CLEANUP_TIMEOUT} s for the app's cleanup and "
                f"{EXIT_TIMEOUT} s to exit",
                hint="raise the termination grace, or lower one of these",
            )
        return self


TERMINATION_GRACE = int(Timing().check().termination_grace)
"""How long Kubernetes waits before it kills the server: delays, requests, cleanup."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens.

    Attributes:
        host: The address; empty for all addresses; or the path of a UNIX socket.
        port: The TCP port; None for a UNIX socket.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Read `HOST:PORT`, an IPv6 host in brackets, or `unix:/path`.

        Raises:
            ValueError: The text has neither form.
        """
        if text.startswith("unix:/"):
            return cls(text.removeprefix("unix:"), None)
        host, colon, port = text.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise ValueError("write HOST:PORT, such as 0.0.0.0:8000, or unix:/path")
        if ("[" in host or ":" in bare) and host != f"[{bare}]":
            raise ValueError(f"write an IPv6 address in brackets, such as [::1]:{port}")
        return cls(bare, int(port))

    @property
    def is_local(self) -> bool:
        """Whether only this machine, or this pod, can connect."""
        return self.port is None or self.host.startswith("127.") or self.host in _LOCAL


_LOCAL = ("localhost", "::1")
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - of a container, whose ports are published on purpose


@dataclass(frozen=True, slots=True)
class Front:
    """The ports, paths and times that a proxy or load balancer in front of a server needs.

    Attributes:
        app: Where the app listens.
        admin: Where health and metrics are, or None.
        health_on_app_port: Whether the app's port answers health checks, too.
        liveness_path: Responds with 200 as long as the process runs.
        readiness_path: Responds with 200 while the server accepts requests.
        secure: Whether the app's port speaks TLS.
        timing: The end of the server.
    """

    app: Endpoint = Endpoint(_EVERYWHERE, PORT)
    admin: Endpoint | None = Endpoint(_EVERYWHERE, ADMIN_PORT)
    health_on_app_port: bool = False
    liveness_path: str = LIVENESS_PATH
    readiness_path: str = READINESS_PATH
    secure: bool = False
    timing: Timing = field(default_factory=Timing)

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports that the server listens on, the app's first."""
        found = (endpoint.port for endpoint in (self.app, self.admin) if endpoint)
        return tuple(port for port in found if port is not None)


@runtime_checkable
class Serves(Protocol):
    """Settings of a server from which a target that runs its image derives times and ports."""

    def front(self) -> Front:
        """Return the ports, paths and times of a server in a container with these settings."""
        ...
