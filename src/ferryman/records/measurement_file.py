"""The file `ferryman-measure.json`: written atomically, and validated when read.

It knows the file's format, and refuses impossible figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.records.atomic_file import write_whole
from ferryman.records.decoding import Wrong, decode
from ferryman.records.measurement import Cost, Estimate, Measurement

__all__ = ("FILE_NAME", "SCHEMA", "read_measurement", "to_json", "write_measurement")

FILE_NAME = "ferryman-measure.json"
"""The name of the file, in the project's root."""

SCHEMA = 1
"""The version of the format; raise it if readers of the last one would misread the file."""


def write_measurement(path: Path, measurement: Measurement) -> None:
    """Write a measurement; a reader sees the old file or the new one, never a part.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        write_whole(path, f"{to_json(measurement)}\n")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written", cause=reason_of(error)) from None


def to_json(measurement: Measurement) -> str:
    """Return a measurement as the text of its file."""
    return json.dumps({"schema": SCHEMA, **asdict(measurement)}, indent=2)


def read_measurement(path: Path) -> Measurement:
    """Return the measurement that a file holds.

    Raises:
        ConfigError: The file cannot be read, has another format, or contains impossible figures.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read as a measurement",
            cause=reason_of(error),
            hint="`ferryman measure` writes one",
        ) from None
    _check_schema(path, data)
    try:
        found = decode(Measurement, {key: data[key] for key in data if key != "schema"})
        for key, reason in _contradictions(found):
            raise Wrong(key, reason)
    except Wrong as error:
        raise ConfigError(
            f"{path}: {error.key}: {error.reason}",
            cause="it is not as `ferryman measure` wrote it",
            hint="measure again",
        ) from None
    return found


def _check_schema(path: Path, data: object) -> None:
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema is None:
        raise ConfigError(f"{path} is not a measurement: it has no key 'schema'")
    if schema != SCHEMA or isinstance(schema, bool):
        raise ConfigError(
            f"{path}: schema: it is {schema!r}, and this ferryman reads {SCHEMA}",
            hint="measure again with this ferryman",
        )


def _contradictions(found: Measurement) -> Iterator[tuple[str, str]]:
    for name, target in found.targets.items():
        at = f"targets.{name}"
        yield from _cost_contradictions(f"{at}.total", target.total)
        for number, route in enumerate(target.routes):
            yield from _cost_contradictions(f"{at}.routes[{number}].cost", route.cost)
        shares = sum(route.share for route in target.routes)
        if abs(shares - 1) > 0.001:
            yield f"{at}.routes", f"their shares add up to {shares:g}, not to 1"
        for key in ("init_ms", "memory_rest_mib", "memory_load_mib", "capacity"):
            yield from _disorder(f"{at}.{key}", getattr(target, key))


def _cost_contradictions(at: str, cost: Cost) -> Iterator[tuple[str, str]]:
    yield from _disorder(f"{at}.cpu_ms", cost.cpu_ms)
    yield from _disorder(f"{at}.wall_ms", cost.wall_ms)
    for key in ("requests", "errors", "request_bytes", "response_bytes", "p50_ms"):
        if getattr(cost, key) < 0:
            yield f"{at}.{key}", "it is negative"
    if cost.errors > cost.requests:
        yield f"{at}.errors", f"they are more than the {cost.requests} requests"
    if not cost.p50_ms <= cost.p95_ms <= cost.p99_ms:
        yield f"{at}.p95_ms", "p50_ms, p95_ms and p99_ms do not rise"


def _disorder(at: str, figure: Estimate | None) -> Iterator[tuple[str, str]]:
    if figure is not None and not 0 <= figure.low <= figure.value <= figure.high:
        yield at, f"low {figure.low:g}, value {figure.value:g}, high {figure.high:g} do not rise"
