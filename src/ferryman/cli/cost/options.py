"""The flags of ``ferryman cost``, in the groups in which they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferryman.cli.cost import values
from ferryman.cli.cost.configuration import use_project, use_usage
from ferryman.cli.cost.group import group

__all__ = ("answer_options", "source_options", "workload_options")

_WORKLOAD = (
    ("--requests", "requests", "10M", "Requests a month."),
    ("--wall-ms", "wall_ms", "100", "Mean duration of a request that Lambda bills, ms."),
    ("--cpu-ms", "cpu_ms", "10", "Mean CPU time of a request, ms."),
    ("--memory", "memory_mib", "512", "Memory of the Lambda function, MiB."),
    ("--response-bytes", "response_bytes", "4096", "Mean size of a response, bytes."),
    ("--request-bytes", "request_bytes", "1024", "Mean size of a request, bytes."),
    ("--peak", "peak_to_mean", "1.75", "Busy hour over the mean rate; a shape sets it."),
    ("--burst", "burst", "1", "Busy minute over its hour's mean."),
    ("--cold-starts", "cold_start_share", "0.0013", "Share of requests that start cold."),
    ("--init-ms", "init_ms", "600", "Billed time of a cold start, ms."),
    ("--resident", "resident_mib", "128", "Memory of a server process at rest, MiB."),
    ("--in-flight", "in_flight_mib", "1", "Memory of a request on a server, MiB."),
    ("--cpu-variation", "cpu_variation", "1", "Squared variation of the CPU time."),
    ("--arrival-variation", "arrival_variation", "1.25", "Squared variation of arrivals."),
    ("--log-bytes", "log_bytes", "250", "What the app logs for a request, bytes."),
    ("--cross-zone-bytes", "cross_zone_bytes", "0", "Bytes a request moves between zones."),
    ("--nat-bytes", "nat_bytes", "0", "Bytes a request moves through a NAT gateway."),
    ("--growth", "growth", "0", "Growth of the requests, as a share a month."),
)
"""Flag, field of `Workload`, default and help."""


def _file(**more: Any) -> click.Path:
    return click.Path(dir_okay=False, path_type=Path, **more)


source_options = group(
    click.option(
        "-C",
        "--project",
        type=click.Path(file_okay=False, path_type=Path),
        default=".",
        callback=use_project,
        is_eager=True,
        help="Read [tool.ferryman.cost] of the pyproject.toml there.",
    ),
    click.option(
        "--usage-file",
        type=_file(),
        callback=use_usage,
        is_eager=True,
        help="Take requests and durations from an infracost usage file.",
    ),
    click.option("--prices", type=_file(), help="A price book that `prices update` wrote."),
)

workload_options = group(
    *(
        click.option(
            flag, field, default=default, callback=values.number, show_default=True, help=text
        )
        for flag, field, default, text in _WORKLOAD
    ),
    click.option(
        "--measured", type=_file(), help="Take durations, sizes and memory from `measure`'s file."
    ),
    click.option("--shape", help="The week: flat, office, consumer, social, batch, or a .json."),
    click.option(
        "--logs",
        multiple=True,
        metavar="PATH...",
        help="Take the workload from logs: files, folders, or - for standard input.",
    ),
    click.option(
        "--log-format",
        callback=values.log_format,
        help="Read logs of this format alone, such as alb, combined or lambda.",
    ),
    click.option("--log-group", help="Take the workload from this group of CloudWatch Logs."),
    click.option("--since", default="7d", show_default=True, help="How far back in the group."),
    click.option("--profile", help="AWS profile for the group."),
)

answer_options = group(
    click.option(
        "--at",
        "levels",
        multiple=True,
        callback=values.numbers,
        help="Also price this many requests a month; repeat. By default 1M, 10M and 100M.",
    ),
    click.option(
        "--horizon",
        callback=values.optional_number,
        help="How far to look for crossovers, requests a month. By default 10G, or as far as"
        " 10,000 servers reach.",
    ),
    click.option("--pairs", is_flag=True, help="Crossovers of every pair of platforms."),
    click.option(
        "--range",
        "ranges",
        multiple=True,
        callback=values.named,
        help="An uncertain input: NAME=LOW:LIKELY:HIGH; repeat for several.",
    ),
    click.option(
        "--draws",
        type=click.IntRange(0, 1_000_000),
        default=10_000,
        show_default=True,
        help="Of the bands; 0 for none.",
    ),
    click.option("--over", help="Crossovers over another input, such as memory or wall-ms."),
    click.option("--advise-memory", is_flag=True, help="Duration and bill by memory size."),
    click.option(
        "--months",
        type=click.IntRange(1, 600),
        default=36,
        show_default=True,
        help="How far growth is followed.",
    ),
    click.option("--current", help="The platform of today, for growth; default the cheapest."),
    click.option("--lines", is_flag=True, help="Print every line of every bill at --requests."),
    click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON."),
    click.option("--csv", "as_csv", is_flag=True, help="Print the bills' lines as CSV."),
    click.option("--compare", "base", type=_file(), help="Hold against an earlier --json."),
    click.option(
        "--reconcile",
        multiple=True,
        metavar="PATH...",
        help="Hold against what these logs say of Lambda since.",
    ),
    click.option(
        "--fail-above",
        callback=values.optional_number,
        help="Fail if the cheapest bill at --requests is above so many USD.",
    ),
    click.option("--picture", type=_file(), help="Draw the curves to this .svg or .png."),
    click.option("--plot", is_flag=True, help="Draw the curves and the week as text."),
    click.option("--html", type=_file(), help="Write the answer as one page to this file."),
)
