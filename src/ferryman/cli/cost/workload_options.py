"""The options for the amount of traffic and the needs of a request."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click

from ferryman.cli.cost.options import option
from ferryman.cli.cost.path_values import a_file
from ferryman.cli.cost.values import a_log_format, a_period, a_week, field_number
from ferryman.cost.traffic.response_sizes import ResponseSizes, parse_sizes
from ferryman.cost.traffic.shape import Shape

__all__ = ("TrafficOptions", "WorkloadOptions")


@dataclass(frozen=True, slots=True)
class WorkloadOptions:
    """The fields of `ferryman.cost.Workload`, by the same names."""

    requests: Decimal = option(
        "Requests a month, or a rate such as 100/s or 5k/day.", "10M", field_number("requests")
    )
    wall_ms: Decimal = option(
        "Mean duration of a request that Lambda bills, ms.", "100", field_number("wall_ms")
    )
    cpu_ms: Decimal = option("Mean CPU time of a request, ms.", "10", field_number("cpu_ms"))
    memory_mib: Decimal = option(
        "Memory of the Lambda function, MiB.", "512", field_number("memory_mib"), flag="--memory"
    )
    response_bytes: Decimal = option(
        "Mean size of a response, bytes.", "4096", field_number("response_bytes")
    )
    request_bytes: Decimal = option(
        "Mean size of a request, bytes.", "1024", field_number("request_bytes")
    )
    peak_to_mean: Decimal = option(
        "Rate of the busiest hour divided by the mean rate; --shape sets it.",
        "1.75",
        field_number("peak_to_mean"),
        flag="--peak",
    )
    burst: Decimal = option(
        "Rate of a busy minute divided by the mean rate of its hour.", "1", field_number("burst")
    )
    cold_start_share: Decimal = option(
        "Share of the requests that start cold.",
        "0.0013",
        field_number("cold_start_share"),
        flag="--cold-starts",
    )
    init_ms: Decimal = option("Billed time of a cold start, ms.", "600", field_number("init_ms"))
    resident_mib: Decimal = option(
        "Memory of a server process at rest, MiB.",
        "128",
        field_number("resident_mib"),
        flag="--resident",
    )
    in_flight_mib: Decimal = option(
        "Memory that a request holds on a server, MiB.",
        "1",
        field_number("in_flight_mib"),
        flag="--in-flight",
    )
    cpu_variation: Decimal = option(
        "Squared coefficient of variation of the CPU time.", "1", field_number("cpu_variation")
    )
    arrival_variation: Decimal = option(
        "Squared coefficient of variation of the times between requests.",
        "1.25",
        field_number("arrival_variation"),
    )
    log_bytes: Decimal = option(
        "Bytes that the app logs for a request.", "250", field_number("log_bytes")
    )
    cross_zone_bytes: Decimal = option(
        "Bytes that a request moves between zones.", "0", field_number("cross_zone_bytes")
    )
    nat_bytes: Decimal = option(
        "Bytes that a request moves through a NAT gateway.", "0", field_number("nat_bytes")
    )
    growth: Decimal = option(
        "Growth of the requests a month, such as 10%.", "0", field_number("growth")
    )


@dataclass(frozen=True, slots=True)
class TrafficOptions:
    """Sources of a whole workload, besides its single fields."""

    measured: Path | None = option(
        "Take durations, sizes and memory from a file that `ferryman measure` wrote.", None, a_file
    )
    response_sizes: ResponseSizes | None = option(
        "Sizes of responses, instead of their mean: SIZE:SHARE,..., such as 3KB:99%,7MB:1%.",
        None,
        parse_sizes,
    )
    shape: Shape | None = option(
        "The week: flat, office, consumer, social, batch, or a .json file of 168 weights.",
        None,
        a_week,
    )
    logs: tuple[str, ...] = option(
        "Take the workload from logs: files, folders, or - for standard input.",
        (),
        metavar="PATH...",
    )
    log_format: str | None = option(
        "The format of the logs, such as alb, combined or lambda; by default found from the lines.",
        None,
        a_log_format,
        also=("--format",),
        needs=("logs", "reconcile"),
    )
    log_duration: str | None = option(
        "Unit of the whole number at the end of access log lines, if it is a duration.",
        type=click.Choice(["us", "ms", "s"]),
        needs=("logs", "reconcile"),
    )
    log_group: str | None = option(
        "Take the workload from this group of CloudWatch Logs.", metavar="GROUP"
    )
    since: str = option(
        "How far back to read the log group.", "7d", a_period, metavar="TIME", needs=("log_group",)
    )
    profile: str | None = option(
        "AWS profile for reading the log group.", metavar="NAME", needs=("log_group",)
    )
