"""``ferryman cost``: what the workload costs on each platform, and where that changes.

Thin: it reads the flags, calls `ferryman.cost.compare` and prints rows. Data goes to
standard output, talk to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ferryman.core.errors import ConfigError
from ferryman.cost import report
from ferryman.cost.compare import HORIZON, LEVELS, Comparison, compare, usual_platforms
from ferryman.cost.figures import plain
from ferryman.cost.platforms.lambda_ import FRONT_DOORS, FrontDoor
from ferryman.cost.workload import Workload

__all__ = ("command",)

_SUFFIXES = {"k": 3, "m": 6, "g": 9, "b": 9}

_WORKLOAD = (
    ("--requests", "requests", "10M", "Requests a month."),
    ("--wall-ms", "wall_ms", "100", "Mean duration of a request that Lambda bills, ms."),
    ("--cpu-ms", "cpu_ms", "10", "Mean CPU time of a request, ms."),
    ("--memory", "memory_mib", "512", "Memory of the Lambda function, MiB."),
    ("--response-bytes", "response_bytes", "4096", "Mean size of a response, bytes."),
    ("--request-bytes", "request_bytes", "1024", "Mean size of a request, bytes."),
    ("--peak", "peak_to_mean", "1.75", "Busy hour over the mean rate."),
    ("--cold-starts", "cold_start_share", "0.0013", "Share of requests that start cold."),
    ("--init-ms", "init_ms", "600", "Billed time of a cold start, ms."),
    ("--resident", "resident_mib", "128", "Memory of a server process at rest, MiB."),
    ("--in-flight", "in_flight_mib", "1", "Memory of a request on a server, MiB."),
)
"""Flag, field of `Workload`, default and help."""

Function = TypeVar("Function", bound=Callable[..., Any])


def _parse(flag: str, text: str) -> Decimal:
    power = _SUFFIXES.get(text[-1:].lower(), 0)
    try:
        return Decimal(text[:-1] if power else text).scaleb(power)
    except InvalidOperation:
        raise ConfigError(
            f"{flag}: {text!r} is not a number", hint="write it like 10M, 2.5k or 1e6"
        ) from None


def _number(_: click.Context, parameter: click.Parameter, text: str) -> Decimal:
    return _parse(parameter.opts[0], text)


def _numbers(_: click.Context, parameter: click.Parameter, texts: tuple[str]) -> list[Decimal]:
    return [_parse(parameter.opts[0], text) for text in texts]


def _task(_: click.Context, parameter: click.Parameter, text: str) -> tuple[Decimal, Decimal]:
    vcpu, slash, memory = text.partition("/")
    if not slash:
        raise ConfigError(
            f"{parameter.opts[0]}: {text!r} is not a task size",
            hint="write vCPUs/GB, such as 0.25/0.5",
        )
    return _parse(parameter.opts[0], vcpu), _parse(parameter.opts[0], memory)


def _workload_options(function: Function) -> Function:
    for flag, field, default, text in reversed(_WORKLOAD):
        option = click.option(
            flag, field, default=default, callback=_number, show_default=True, help=text
        )
        function = option(function)
    return function


@click.command("cost")
@_workload_options
@click.option("--region", default="us-east-1", show_default=True, help="AWS region.")
@click.option(
    "--front-door",
    "front_doors",
    type=click.Choice(list(FRONT_DOORS)),
    multiple=True,
    default=list(FRONT_DOORS),
    show_default=True,
    help="What stands before Lambda; repeat for several.",
)
@click.option(
    "--architecture",
    type=click.Choice(["arm64", "x86_64"]),
    default="arm64",
    show_default=True,
    help="Of Lambda and Fargate.",
)
@click.option(
    "--task",
    default="0.25/0.5",
    callback=_task,
    show_default=True,
    help="vCPUs/GB of a Fargate task.",
)
@click.option("--instance", help="EC2 instance type, such as m7g.large.")
@click.option("--minimum", default=2, show_default=True, help="Servers kept running; 1 is not HA.")
@click.option("--free-tier/--no-free-tier", default=True, show_default=True, help="Lambda's.")
@click.option(
    "--at",
    "levels",
    multiple=True,
    default=[f"{plain(level / 10**6)}M" for level in LEVELS],
    callback=_numbers,
    show_default=True,
    help="Also price this many requests a month; repeat for several.",
)
@click.option(
    "--horizon",
    default=f"{plain(HORIZON / 10**9)}G",
    callback=_number,
    show_default=True,
    help="How far to look for crossovers, requests a month.",
)
@click.option("--lines", is_flag=True, help="Print every line of every bill at --requests.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole comparison as JSON.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the curves to this .svg or .png.",
)
@click.pass_context
def command(
    context: click.Context,
    /,
    levels: list[Decimal],
    horizon: Decimal,
    lines: bool,
    as_json: bool,
    picture: Path | None,
    **options: Any,
) -> None:
    """Compare what a month costs on Lambda and on servers, and say where to cross over.

    Every duration and size that is not given is assumed, and marked so.

    \b
    Example:
      ferryman cost --requests 20M --wall-ms 120 --cpu-ms 6 --memory 512
    """
    comparison = _compare(levels, horizon, **options)
    if picture:
        _draw(comparison, picture)
    if as_json:
        click.echo(json.dumps(report.as_data(comparison), indent=2))
    else:
        _print(comparison, _given(context), lines)
    for note in comparison.notes:
        click.echo(f"note: {note}", err=True)


def _compare(
    levels: list[Decimal],
    horizon: Decimal,
    region: str,
    architecture: str,
    front_doors: tuple[FrontDoor, ...],
    free_tier: bool,
    task: tuple[Decimal, Decimal],
    instance: str | None,
    minimum: int,
    **workload: Decimal,
) -> Comparison:
    platforms = usual_platforms(
        region,
        architecture,
        front_doors,
        free_tier=free_tier,
        task=task,
        instance=instance,
        minimum=minimum,
    )
    return compare(Workload.of(**workload), platforms, levels=levels, horizon=horizon)


def _given(context: click.Context) -> frozenset[str]:
    names = (field.name for field in fields(Workload))
    default = ParameterSource.DEFAULT
    return frozenset(n for n in names if context.get_parameter_source(n) is not default)


def _draw(comparison: Comparison, path: Path) -> None:
    from ferryman.cost.picture import save

    save(comparison, path)
    click.echo(f"drew {path}", err=True)


def _print(comparison: Comparison, given: frozenset[str], lines: bool) -> None:
    if not {"wall_ms", "cpu_ms"} <= given:
        click.echo(
            "note: the durations are assumed; measure your application and give --wall-ms"
            " and --cpu-ms",
            err=True,
        )
    _show(report.assumption_table(comparison, given))
    _show(report.level_table(comparison))
    if lines:
        own = comparison.workload.requests
        for bill in next(x for x in comparison.levels if x.requests == own).bills:
            _show(report.bill_table(bill))
    _show(report.stretch_table(comparison))
    click.echo("Crossovers")
    for sentence in report.sentences(comparison):
        click.echo(f"  {sentence}")


def _show(table: report.Table) -> None:
    click.echo(table.title)
    if sys.stdout.isatty():
        _show_rich(table)
    else:
        _show_plain(table)
    click.echo()


def _show_plain(table: report.Table) -> None:
    rows = (table.header, *table.rows) if table.header else table.rows
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if index in table.right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(f"  {'  '.join(cells)}".rstrip())


def _show_rich(table: report.Table) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=None, show_header=bool(table.header), header_style="bold")
    for index, name in enumerate(table.header or table.rows[0]):
        drawn.add_column(name, justify="right" if index in table.right else "left")
    for row in table.rows:
        drawn.add_row(*row)
    Console(highlight=False).print(drawn)
