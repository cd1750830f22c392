"""Finds gunicorn's own configuration, which this server does not read.

Most of it would have no effect. The server does not ignore it silently, but names the setting of
`[tool.ferryman.server]` that does the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("VARIABLE", "refuse_gunicorn_options", "unheeded")

VARIABLE = "GUNICORN_CMD_ARGS"

_OURS: Mapping[str, str] = {
    "-b": "bind",
    "-t": "worker_timeout",
    "-w": "workers",
    "--access-logfile": "access_log",
    "--access-logformat": "log_format",
    "--backlog": "backlog",
    "--bind": "bind",
    "--certfile": "certificate",
    "--forwarded-allow-ips": "trusted_proxies",
    "--graceful-timeout": "graceful_timeout",
    "--keep-alive": "keep_alive",
    "--keyfile": "private_key",
    "--limit-request-field_size": "max_header",
    "--limit-request-fields": "max_headers",
    "--limit-request-line": "max_request_line",
    "--log-level": "log_level",
    "--max-requests": "max_requests",
    "--max-requests-jitter": "max_requests_jitter",
    "--timeout": "worker_timeout",
    "--worker-connections": "max_connections",
    "--statsd-host": "admin_bind",
    "--workers": "workers",
}

# Variables that gunicorn reads too, and that platforms may set for any program.
_VARIABLES = {"FORWARDED_ALLOW_IPS": "trusted_proxies", "WEB_CONCURRENCY": "workers"}
_FILE = "gunicorn.conf.py"


def refuse_gunicorn_options(environment: Mapping[str, str]) -> None:
    """Refuse command-line options for gunicorn in the environment.

    Args:
        environment: The variables of the process.

    Raises:
        ConfigError: `GUNICORN_CMD_ARGS` is set.
    """
    arguments = environment.get(VARIABLE, "").strip()
    if not arguments:
        return
    parts = arguments.replace('"', " ").replace("'", " ").split()
    options = [part.partition("=")[0] for part in parts if part.startswith("-")]
    ours = [f"{option} is {_OURS[option]}" for option in options if _OURS.get(option)]
    none = [option for option in options if not _OURS.get(option)]
    raise ConfigError(
        f"{VARIABLE} is set, and this server does not read it",
        cause=f"here {', '.join(none)} would do nothing" if none else None,
        hint="unset it and use [tool.ferryman.server]" + (f": {', '.join(ours)}" if ours else ""),
    )


def unheeded(environment: Mapping[str, str], directory: Path) -> Iterator[str]:
    """Yield a warning for each configuration of gunicorn that has no effect here.

    The server starts nevertheless: the configuration may be there for another program.

    Args:
        environment: The variables of the process.
        directory: Where gunicorn would look for its configuration file.
    """
    for variable, ours in _VARIABLES.items():
        if environment.get(variable):
            yield f"{variable} has no effect here: it is {ours} in [tool.ferryman.server]"
    if (directory / _FILE).exists():
        yield f"{_FILE} has no effect here: its settings belong into [tool.ferryman.server]"
