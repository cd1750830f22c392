"""Reads the server's settings from the artifact, with the standard library alone.

The build side checks the same keys and explains errors in more detail. This checks them again,
because a settings file can be edited by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

from ferryman.core.errors import ConfigError
from ferryman.core.proxy_trust import ProxyTrust
from ferryman.core.serving import (
    GRACEFUL_TIMEOUT,
    KEEP_ALIVE,
    LIVENESS_PATH,
    LOAD_BALANCER_IDLE_TIMEOUT,
    METRICS_PATH,
    PORT,
    READINESS_PATH,
    Endpoint,
    Front,
    Timing,
)
from ferryman.targets.server.runtime.overflow.settings import check_overflow

__all__ = ("ServerSettings",)

_NOTHING = type(None)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, _NOTHING),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, _NOTHING),
    "float": (int, float),
    "tuple[str, ...]": (list, tuple),
    "str | tuple[str, ...] | None": (str, list, tuple, _NOTHING),
}
_FROM_ONE = {
    *("max_in_flight", "max_connections", "max_request_line", "max_header", "max_headers"),
    *("max_body", "max_rss", "backlog"),
}
_POSITIVE = {"header_timeout", "body_timeout", "write_timeout", "graceful_timeout", "keep_alive"}
_POSITIVE |= {"start_timeout", "overflow_share", "overflow_timeout"}
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_MODE = re.compile(r"0?[0-7]{3}")
_PATHS = ("liveness_path", "readiness_path")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings of a server; `ServerOptions` on the build side explains each of them.

    Times are in seconds, `max_rss` in MiB, other sizes in bytes. None means no limit.
    If `workers` is 0, the CPU quota decides the number.
    """

    bind: str = f"127.0.0.1:{PORT}"
    socket_mode: str = "0660"
    backlog: int = 2048
    workers: int = 1
    share_connections: bool = True
    admin_bind: str | None = None
    health_on_app_port: bool = False
    liveness_path: str = LIVENESS_PATH
    readiness_path: str = READINESS_PATH
    debug_tasks: bool = False
    log_format: str = "auto"
    log_level: str = "INFO"
    access_log: bool = True
    record: float = 0.0
    record_bodies: bool = False
    telemetry: bool = False
    trusted_proxies: tuple[str, ...] = ()
    proxy: str | tuple[str, ...] | None = None
    proxy_protocol: bool = False
    drain_delay: float = 0
    graceful_timeout: float = GRACEFUL_TIMEOUT
    keep_alive: float = KEEP_ALIVE
    load_balancer_idle_timeout: float = LOAD_BALANCER_IDLE_TIMEOUT
    max_in_flight: int | None = None
    overflow: str | None = None
    overflow_share: float = 0.8
    overflow_timeout: float = 30
    overflow_signed: bool = True
    max_connections: int | None = None
    max_request_line: int = 8190
    max_header: int = 8190
    max_headers: int = 128
    max_body: int | None = None
    header_timeout: float = 15
    body_timeout: float = 30
    write_timeout: float = 30
    handler_cancellation: bool = False
    max_requests: int = 0
    max_requests_jitter: int = 0
    max_rss: int | None = None
    worker_timeout: int = 30
    start_timeout: float = 120
    certificate: str | None = None
    private_key: str | None = None

    @property
    def timing(self) -> Timing:
        """The times of the server's shutdown."""
        return Timing(
            self.drain_delay,
            self.graceful_timeout,
            self.keep_alive,
            self.load_balancer_idle_timeout,
            pre_stop_delay=0,
        )

    @property
    def trust(self) -> ProxyTrust:
        """The trusted proxies and their headers."""
        # PROXY protocol names clients too.
        proxy = () if self.proxy is None and self.proxy_protocol else self.proxy
        return ProxyTrust.read("tool.ferryman.server", self.trusted_proxies, proxy)

    @property
    def front(self) -> Front:
        """The addresses, paths and times that a proxy or load balancer in front of it needs."""
        return Front(
            app=Endpoint.parse(self.bind),
            admin=Endpoint.parse(self.admin_bind) if self.admin_bind else None,
            health_on_app_port=self.health_on_app_port,
            liveness_path=self.liveness_path,
            readiness_path=self.readiness_path,
            secure=self.certificate is not None,
            timing=self.timing,
        )

    @classmethod
    def read(cls, options: Mapping[str, object]) -> ServerSettings:
        """Read the options of a settings file.

        Raises:
            ConfigError: A key is unknown, or its value is invalid.
        """
        kinds = {field.name: str(field.type) for field in fields(cls)}
        for key, value in options.items():
            _check(key, value, kinds)
        values = {key: tuple(v) if isinstance(v, list) else v for key, v in options.items()}
        settings = cls(**values)  # type: ignore[arg-type]
        _check_together(settings)
        return settings


def _check(key: str, value: object, kinds: Mapping[str, str]) -> None:
    if key not in kinds:
        close = get_close_matches(key, kinds, n=1)
        raise _wrong(key, value, f"did you mean {close[0]}?" if close else "remove it")
    allowed = _KINDS[kinds[key]]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise _wrong(key, value, f"it takes {kinds[key]}")
    least = 1 if key in _FROM_ONE else 0
    if isinstance(value, int | float) and value < least:
        raise _wrong(key, value, f"set it to {least} or more")
    if key in _POSITIVE and value == 0:
        raise _wrong(key, value, "set it above 0")
    if key == "socket_mode" and not _MODE.fullmatch(str(value)):
        raise _wrong(key, value, 'write the permissions in octal digits, such as "0660"')
    if key in _PATHS and not _PATH.fullmatch(str(value)):
        raise _wrong(key, value, "start it with /, and go on with what needs no escaping in a URL")


def _check_together(settings: ServerSettings) -> None:
    if settings.log_format not in ("auto", "json", "text"):
        raise _wrong("log_format", settings.log_format, "set it to auto, json or text")
    _check_addresses(settings)
    paths = (settings.liveness_path, settings.readiness_path, METRICS_PATH)
    if len(set(paths)) < len(paths):
        raise ConfigError(
            f"liveness_path, readiness_path and {METRICS_PATH} are not three paths: {paths}",
            hint="set liveness_path and readiness_path to paths of their own",
        )
    if not settings.trust and settings.proxy_protocol:
        raise ConfigError(
            "[tool.ferryman.server] proxy_protocol is set, and trusted_proxies is not",
            cause="anybody could tell of any client",
            hint="set trusted_proxies to the networks of the load balancer",
        )
    if (settings.certificate is None) != (settings.private_key is None):
        raise ConfigError(
            "only one of certificate and private_key is set",
            hint="set both to serve TLS, or neither",
        )
    check_overflow(settings)
    settings.timing.check()


def _check_addresses(settings: ServerSettings) -> None:
    for key in ("bind", "admin_bind"):
        if text := getattr(settings, key):
            try:
                place = Endpoint.parse(text)
            except ValueError as error:
                raise _wrong(key, text, str(error)) from error
            if key == "admin_bind" and place.port is None:
                raise _wrong(key, text, "write HOST:PORT; health checks come by TCP")


def _wrong(key: str, value: object, hint: str) -> ConfigError:
    return ConfigError(f"[tool.ferryman.server] {key} = {value!r} is not what it takes", hint=hint)
