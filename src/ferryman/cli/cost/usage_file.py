"""Reads workloads from Infracost usage files."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError, reason_of

__all__ = ("read_usage",)

KILOBYTE = 2**10
GIGABYTE = 2**30

_SHARED = {
    ("aws_lambda_function", "monthly_requests"): "requests",
    ("aws_lambda_function", "request_duration_ms"): "wall_ms",
    ("aws_apigatewayv2_api", "monthly_requests"): "requests",
    ("aws_api_gateway_rest_api", "monthly_requests"): "requests",
}
"""Keys of an infracost usage file, with the flag of the same meaning."""

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
    """Return the values of an infracost usage file, by the names of the workload's fields.

    Several functions are one application: their requests add up, and their durations are
    weighted with them.

    Raises:
        ConfigError: The file cannot be read, is not a usage file or has none of the keys.
        ModuleNotFoundError: pyyaml is not installed; the command line names the extra.
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
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from error
    usage = document.get("resource_usage") if isinstance(document, dict) else None
    if not isinstance(usage, dict):
        raise ConfigError(f"{path} is not an infracost usage file", hint="it needs resource_usage")
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
