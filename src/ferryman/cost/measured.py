"""Converts a measurement to inputs of the model, with their uncertainty.

It knows what each figure means for a bill, not how the figure was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.ranges import Range
from ferryman.cost.traffic.response_sizes import ResponseSizes
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS
from ferryman.records.measurement import Estimate, Measurement, TargetFigures

__all__ = ("MeasuredInputs", "measured_inputs")

_ELSEWHERE = (0.8, 1.25)
"""The range of CPU time on a vCPU of the cloud, relative to the measuring machine. Assumed."""

_ROUNDING_MS = 0.5
"""The mean increase because Lambda rounds each duration up to a whole millisecond."""


@dataclass(frozen=True, slots=True)
class MeasuredInputs:
    """The inputs from a measurement.

    Args:
        values: The measured fields of `Workload`.
        ranges: Their uncertainty: the intervals of the measurement, wider by the difference
            between processors.
        sizes: The response sizes of each route.
        needs_mib: The least memory setting that the function runs in, MiB; ``None`` if Lambda was
            not measured.
        notes: Further remarks for a reader.
        measurement: The measurement.
    """

    values: dict[str, Decimal]
    ranges: dict[str, Range]
    sizes: ResponseSizes | None
    needs_mib: Decimal | None
    notes: tuple[str, ...]
    measurement: Measurement


def measured_inputs(measurement: Measurement, memory_mib: Decimal) -> MeasuredInputs:
    """Return the workload's values from a measurement.

    The CPU time of a request on a server is one over the capacity of a vCPU; without a measured
    capacity, the CPU time of one request at a time. Lambda bills the duration as measured on
    Lambda: the waiting, and the CPU time on the part of a vCPU that the memory setting brings,
    ``memory_mib`` / 1,769.

    Args:
        measurement: The measurement.
        memory_mib: The memory setting of the function, MiB.
    """
    figures = list(_figures(measurement, memory_mib))
    function = measurement.targets.get("lambda")
    needs = _decimal(function.memory_load_mib.value) if function else None
    return MeasuredInputs(
        values={name: _decimal(figure.value) for name, figure in figures},
        ranges={
            name: _range(name, figure)
            for name, figure in figures
            if name in ("wall_ms", "cpu_ms", "init_ms")
        },
        sizes=_sizes(measurement),
        needs_mib=needs,
        notes=tuple(_notes(measurement, memory_mib, needs)),
        measurement=measurement,
    )


def _figures(measurement: Measurement, memory_mib: Decimal) -> Iterator[tuple[str, Estimate]]:
    server, function = (measurement.targets.get(name) for name in ("server", "lambda"))
    either = server or function
    assert either is not None
    yield "cpu_ms", either.full_cpu_ms
    yield "wall_ms", _wall(function or either, memory_mib)
    for name in ("response_bytes", "request_bytes"):
        size: float = getattr(either.total, name)
        yield name, Estimate(size, size, size)
    if function:
        yield "init_ms", function.init_ms
    if server:
        warm = server.loads[0].peak_mib if server.loads else server.memory_rest_mib.value
        each = server.in_flight_mib
        yield "resident_mib", Estimate(warm, warm, warm)
        yield "in_flight_mib", Estimate(each, each, each)


def _sizes(measurement: Measurement) -> ResponseSizes | None:
    """Return the mean response size and the share of each route; None for a single route."""
    figures = measurement.targets.get("server") or measurement.targets["lambda"]
    if len(figures.routes) < 2:
        return None
    parts = ((x.cost.response_bytes, x.share) for x in figures.routes)
    return ResponseSizes(tuple((Fraction(size), Fraction(share)) for size, share in parts))


def _wall(figures: TargetFigures, memory_mib: Decimal) -> Estimate:
    """Return the billed duration with a memory setting; the measurement had a whole vCPU."""
    slower = max(1.0, LAMBDA_MIB_PER_VCPU / float(memory_mib))
    more = figures.total.cpu_ms.value * (slower - 1) + _ROUNDING_MS
    wall = figures.total.wall_ms
    return Estimate(wall.value + more, wall.low + more, wall.high + more)


def _range(name: str, figure: Estimate) -> Range:
    least, most, _ = LIMITS[name]
    low, high = (
        min(max(_decimal(end * by), least), most)
        for end, by in zip((figure.low, figure.high), _ELSEWHERE, strict=True)
    )
    return Range(low, _decimal(figure.value), high)


def _notes(
    measurement: Measurement, memory_mib: Decimal, needs_mib: Decimal | None
) -> Iterator[str]:
    yield from (f"the measurement was doubtful: {doubt}" for doubt in measurement.doubts)
    if needs_mib and needs_mib > memory_mib:
        yield (
            f"the function used {needs_mib:.0f} MiB of memory in the measurement, and does not run"
            f" in {memory_mib:.0f} MiB"
        )
    if "server" not in measurement.targets:
        yield "no server was measured: the CPU time is that of a request on Lambda"
    if "lambda" not in measurement.targets:
        yield "Lambda was not measured: the duration is that of a request on a server"


def _decimal(number: float) -> Decimal:
    """Return the number with five significant digits; no measurement is more exact."""
    return Decimal(f"{number:.5g}")
