"""The workload of a question, from options, logs, a measurement and settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import plain
from ferryman.cost.ranges import Range
from ferryman.cost.workload import LAMBDA_MIB_PER_VCPU, LIMITS, Workload

if TYPE_CHECKING:
    from ferryman.cli.cost.question import CostOptions
    from ferryman.cost.traffic.log_summary import LogSummary
    from ferryman.cost.traffic.response_sizes import ResponseSizes

__all__ = ("asked_workload",)


def asked_workload(
    options: CostOptions,
    sources: Iterable[tuple[str, Mapping[str, Decimal]]],
    logs: LogSummary | None,
    sizes: Mapping[str, ResponseSizes | None],
) -> tuple[Workload, dict[str, str]]:
    """Return the workload; earlier sources override later ones, and all override the defaults."""
    numbers: dict[str, Decimal] = {name: getattr(options.workload, name) for name in LIMITS}
    if numbers["memory_mib"] != numbers["memory_mib"].to_integral_value():
        raise ConfigError(
            f"memory_mib: Lambda has no functions of {numbers['memory_mib']} MiB",
            hint="give a whole number",
        )
    origins = dict.fromkeys(options.given & LIMITS.keys(), "given")
    for origin, read in sources:
        told = {name: value for name, value in read.items() if name not in origins}
        numbers |= told
        origins |= dict.fromkeys(told, origin)
    _take_likely_values(numbers, origins, dict(options.question.ranges))
    numbers["cpu_ms"] = _fitting_cpu(numbers, origins, logs)
    shape, origin = options.traffic.shape, "given"
    if shape is None:
        shape, origin = logs.shape if logs else None, "logs"
    if shape and "peak_to_mean" not in origins:
        del numbers["peak_to_mean"]
        origins["peak_to_mean"] = origin
    chosen = _sizes(options, origins, sizes)
    if chosen and origins.get("response_bytes") == "given":
        del numbers["response_bytes"]
    return Workload.of(shape, chosen, **numbers), origins


def _sizes(
    options: CostOptions, origins: dict[str, str], found: Mapping[str, ResponseSizes | None]
) -> ResponseSizes | None:
    """Return the sizes of responses: as given, or from the source of their mean.

    Raises:
        ConfigError: The mean size of responses is given as well.
    """
    given = options.traffic.response_sizes
    if given is None:
        return found.get(origins.get("response_bytes", ""))
    if origins.get("response_bytes") == "given":
        raise ConfigError(
            "--response-sizes and --response-bytes exclude each other",
            hint="leave --response-bytes out: the sizes have a mean",
        )
    origins["response_bytes"] = "given"
    return given


def _take_likely_values(
    numbers: dict[str, Decimal], origins: dict[str, str], ranges: Mapping[str, Range]
) -> None:
    """Fill in the likely value of a range for each number that was not given.

    Raises:
        ConfigError: A given number lies outside its range.
    """
    for name, found in ranges.items():
        if origins.get(name) != "given":
            numbers[name], origins[name] = found.mode, "given"
        elif not found.low <= numbers[name] <= found.high:
            raise ConfigError(
                f"{name}: {plain(numbers[name])} lies outside its range,"
                f" {plain(found.low)} to {plain(found.high)}",
                hint="leave one of the two out: the likely value of a range counts as given",
            )


def _fitting_cpu(
    numbers: Mapping[str, Decimal], origins: Mapping[str, str], logs: LogSummary | None
) -> Decimal:
    """Return the CPU time; one that is assumed or measured is cut to the duration."""
    cpu_ms, wall_ms = numbers["cpu_ms"], numbers["wall_ms"]
    vcpu = min(Decimal(1), numbers["memory_mib"] / LAMBDA_MIB_PER_VCPU)
    if origins.get("cpu_ms") != "given" and origins.get("wall_ms") in ("logs", "measured"):
        on_lambda = logs is not None and logs.use is not None
        fitting = wall_ms * (vcpu if on_lambda else 1)
        return cpu_ms if cpu_ms <= fitting else fitting.quantize(Decimal("0.001"), ROUND_DOWN)
    if "cpu_ms" not in origins:
        # An assumption must not lengthen the duration that Lambda bills.
        fitting = min(cpu_ms, max(Decimal(0), wall_ms * vcpu))
        return fitting.quantize(Decimal("0.001"), ROUND_DOWN)
    return cpu_ms
