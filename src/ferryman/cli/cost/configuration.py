"""Where flags come from besides the command line: pyproject.toml and infracost usage files.

A value from either counts as given, and a flag is stronger than both.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from ferryman.core.errors import ConfigError, FerrymanError, reason_of
from ferryman.cost.prices.book import suggest

__all__ = ("TABLE", "read_settings", "read_usage", "use_project", "use_usage")

TABLE = "tool.ferryman.cost"

KILOBYTE = 2**10
GIGABYTE = 2**30


def use_project(context: click.Context, _: click.Parameter, root: Path) -> Path:
    """Take the defaults of the other flags from the project's pyproject.toml."""
    flags = {p.name: p for p in context.command.params if p.name and p.name not in _OWN}
    keys = {flag.removeprefix("--"): name for name, p in flags.items() for flag in p.opts}
    found = read_settings(root / "pyproject.toml", keys)
    several = {name: [found[name]] for name in found if _is_one_of_several(flags[name], found)}
    files = {name: str(root / found[name]) for name in _FILES & found.keys()}
    _add_defaults(context, found | several | files)
    return root


def _is_one_of_several(flag: click.Parameter, found: Mapping[str, Any]) -> bool:
    """Say whether a flag that may be repeated has one text, which is a list of letters too."""
    repeated = isinstance(flag, click.Option) and flag.multiple
    return repeated and isinstance(found[flag.name or ""], str)


def use_usage(context: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Take the defaults that an infracost usage file has."""
    if path:
        _add_defaults(context, read_usage(path))
    return path


_OWN = ("project", "usage_file", "help")

_FILES = {"measured", "prices"}
"""Files that are read, which a project names from where it stands."""


def _add_defaults(context: click.Context, values: Mapping[str, Any]) -> None:
    context.default_map = {**(context.default_map or {}), **values}


def read_settings(path: Path, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return the table ``[tool.ferryman.cost]``, empty if there is none.

    Args:
        path: A pyproject.toml; it need not exist.
        keys: The keys that are known, as the flags are called, and the name that each has in
            the result. Those names are known as well.

    Raises:
        ConfigError: The file cannot be read, or has an unknown key in the table.
    """
    if not path.is_file():
        return {}
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from error
    table: Any = document
    for key in TABLE.split("."):
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [{TABLE}] is not a table")
    known = {name.replace("_", "-"): name for name in keys.values()} | dict(keys)
    found = {}
    for key, value in table.items():
        name = known.get(key.replace("_", "-"))
        if name is None:
            raise ConfigError(
                f"{path}: [{TABLE}] has no key {key!r}",
                hint=suggest(key.replace("_", "-"), sorted(keys), "it has"),
            )
        found[name] = value
    return found


_SHARED = {
    ("aws_lambda_function", "monthly_requests"): "requests",
    ("aws_lambda_function", "request_duration_ms"): "wall_ms",
    ("aws_apigatewayv2_api", "monthly_requests"): "requests",
    ("aws_api_gateway_rest_api", "monthly_requests"): "requests",
}
"""Keys of an infracost usage file that mean what a flag means."""

_PER_REQUEST = {
    ("aws_cloudwatch_log_group", "monthly_data_ingested_gb"): "log_bytes",
    ("aws_nat_gateway", "monthly_data_processed_gb"): "nat_bytes",
    ("aws_data_transfer", "monthly_outbound_internet_gb"): "response_bytes",
    ("aws_data_transfer", "monthly_intra_region_gb"): "cross_zone_bytes",
}
"""Keys in GB a month that a flag has in bytes a request."""

_KILOBYTES = {("aws_apigatewayv2_api", "average_request_size"): "request_bytes"}
"""Keys in KB that a flag has in bytes."""


def read_usage(path: Path) -> dict[str, str]:
    """Return what an infracost usage file says, by the names of the workload's fields.

    Several functions are one application: their requests add up, and their durations are
    weighted with them.

    Raises:
        ConfigError: The file cannot be read, is no usage file or has none of the keys.
        FerrymanError: pyyaml is not installed.
    """
    resources = _resources(path)
    found = _functions(path, resources)
    told = [(kind, key, v) for kind, values in resources for key, v in values.items()]
    for kind, key, value in told:
        if name := _SHARED.get((kind, key)):
            found.setdefault(name, str(_decimal(path, value)))
        elif name := _KILOBYTES.get((kind, key)):
            found[name] = str(_decimal(path, value) * KILOBYTE)
    total = Decimal(found.get("requests", 0))
    for kind, key, value in told:
        name = _PER_REQUEST.get((kind, key))
        if name and total:
            found[name] = str(round(_decimal(path, value) * GIGABYTE / total, 3))
    if not found:
        keys = ", ".join(f"{kind}.{key}" for kind, key in (*_SHARED, *_KILOBYTES, *_PER_REQUEST))
        raise ConfigError(f"{path} has none of the keys that are read", hint=f"those are {keys}")
    return found


def _functions(path: Path, resources: list[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Return the requests of all functions together, and their mean duration."""
    counted = [
        (_decimal(path, values["monthly_requests"]), values.get("request_duration_ms"))
        for kind, values in resources
        if kind == "aws_lambda_function" and "monthly_requests" in values
    ]
    timed = [(count, _decimal(path, ms)) for count, ms in counted if ms is not None and count]
    requests = sum((count for count, _ in counted), Decimal(0))
    found = {"requests": str(requests)} if requests else {}
    if timed:
        weight = sum((count for count, _ in timed), Decimal(0))
        found["wall_ms"] = str(sum(count * ms for count, ms in timed) / weight)
    return found


def _resources(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        import yaml
    except ImportError as error:
        raise FerrymanError(
            "pyyaml is not installed", cause=str(error), hint="pip install pyyaml"
        ) from error
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from error
    usage = document.get("resource_usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        raise ConfigError(f"{path} is no infracost usage file", hint="it needs resource_usage")
    pairs = ((name.split("[")[0], values) for name, values in usage.items())
    return [(name.split(".")[-2], v) for name, v in pairs if "." in name and isinstance(v, dict)]


def _decimal(path: Path, value: object) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise ConfigError(f"{path}: {value!r} is not a number of 0 or above")
    return found
