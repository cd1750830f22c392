"""The page of the server's settings, made from the options that a project may set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.reference.markdown import GENERATED, table

from ferryman.targets.server.options import ServerOptions
from ferryman.targets.server.runtime import gunicorn_options

__all__ = ("GROUPS", "server_settings_page")

GROUPS: Mapping[str, Sequence[str]] = {
    "What is built": ("base_image", "systemd"),
    "Processes and listeners": (
        *("workers", "share_connections", "bind", "socket_mode", "backlog"),
        *("certificate", "private_key", "worker_timeout", "start_timeout"),
    ),
    "The end, and load balancers": (
        *("drain_delay", "graceful_timeout", "keep_alive", "load_balancer_idle_timeout"),
    ),
    "Overload and slow clients": (
        *("max_in_flight", "overflow", "overflow_share", "overflow_timeout", "overflow_signed"),
        *("max_connections", "max_request_line", "max_header", "max_headers"),
        *("max_body", "header_timeout", "body_timeout", "write_timeout", "handler_cancellation"),
    ),
    "Recycling": ("max_requests", "max_requests_jitter", "max_rss"),
    "Health, logs and proxies": (
        *("admin_bind", "health_on_app_port", "liveness_path", "readiness_path", "debug_tasks"),
        *(
            "log_format",
            "log_level",
            "access_log",
            "record",
            "record_bodies",
            "telemetry",
            "trusted_proxies",
        ),
        *("proxy", "proxy_protocol"),
    ),
}

_HEAD = f"""\
{GENERATED}# The server's settings

They are keys of `[tool.ferryman.server]`; on the command line `--set server.<key>=<value>`,
in the environment `FERRYMAN_SERVER__<KEY>`. `-` means no limit or no value, unless the last
column says otherwise. [How a server ends](../explanation/shutdown.md) explains the times.
"""

_TAIL = """\
## What cannot be set

Each worker loads the app after the fork, never before it (gunicorn's `preload_app`).
Loading it before would save memory, but objects that an app creates during import (a session, a
lock, a connection pool) may belong to an event loop, and the workers, each with its own loop, would
share them.

The server does not read gunicorn's configuration file. It refuses `{variable}`, and the error names
the setting that does the same. `WEB_CONCURRENCY` and `FORWARDED_ALLOW_IPS`, which some
platforms set for all programs, have no effect, and the log says so at the start: use `workers`
and `trusted_proxies`.

The server uses uvloop's event loop if uvloop is installed, and otherwise asyncio's.
"""


def server_settings_page() -> str:
    """Return the page: each setting with its default, its unit and its reason."""
    schema = ServerOptions.model_json_schema()["properties"]
    sections = [_HEAD]
    for title, names in GROUPS.items():
        rows = [_row(name, schema[name]) for name in names]
        sections.append(f"## {title}\n\n{table(('setting', 'default', 'unit', 'why'), rows)}")
    return "\n".join([*sections, _TAIL.format(variable=gunicorn_options.VARIABLE)])


def _row(name: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    unit = next(_units(schema), "")
    return f"`{name}`", _default(schema.get("default")), unit, str(schema["description"])


def _units(schema: Mapping[str, Any]) -> Iterator[str]:
    for part in (schema, *schema.get("anyOf", ())):
        if "unit" in part:
            yield str(part["unit"])


def _default(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, list):
        return "`[]`"
    return f"`{value}`"
