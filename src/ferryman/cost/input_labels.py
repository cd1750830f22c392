"""The label and the unit of each input of the model, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("INPUT_LABELS", "InputLabel")


@dataclass(frozen=True, slots=True)
class InputLabel:
    """How a field of `Workload` is shown.

    Args:
        name: Its name in a table.
        unit: Its unit in short, to follow a number; empty for a ratio.
        meaning: What the number counts, to follow a number in a table.
        silent: The value at which it has no effect; a table then leaves it out.
    """

    name: str
    unit: str
    meaning: str
    silent: str | None = None


INPUT_LABELS: Mapping[str, InputLabel] = {
    "requests": InputLabel("requests", "", "a month"),
    "wall_ms": InputLabel("wall time", "ms", "ms a request, as Lambda bills it"),
    "cpu_ms": InputLabel("CPU time", "ms", "ms a request"),
    "memory_mib": InputLabel("Lambda memory", "MiB", "MiB"),
    "response_bytes": InputLabel("response", "bytes", "bytes"),
    "request_bytes": InputLabel("request", "bytes", "bytes"),
    "peak_to_mean": InputLabel("busiest hour", "", "times the mean rate"),
    "cold_start_share": InputLabel("cold starts", "", "of the requests"),
    "init_ms": InputLabel("cold start", "ms", "ms billed"),
    "resident_mib": InputLabel("server process", "MiB", "MiB at rest"),
    "in_flight_mib": InputLabel("request in flight", "MiB", "MiB on a server"),
    "burst": InputLabel("busy minute", "", "times the mean of its hour", "1"),
    "cpu_variation": InputLabel("spread of CPU time", "", "(squared coefficient of variation)"),
    "arrival_variation": InputLabel("spread of arrivals", "", "(squared coefficient of variation)"),
    "log_bytes": InputLabel("logs", "bytes", "bytes a request"),
    "cross_zone_bytes": InputLabel("between zones", "bytes", "bytes a request", "0"),
    "nat_bytes": InputLabel("through NAT", "bytes", "bytes a request", "0"),
    "growth": InputLabel("growth", "", "a month", "0"),
}
"""By the field of `Workload`."""
