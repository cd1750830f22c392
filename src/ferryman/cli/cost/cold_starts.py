"""`ferryman cost cold-starts`: how many requests start cold, and how many environments run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.cost.options import add_options, check_needs, option, read_group
from ferryman.cli.cost.values import a_week, above_nothing, field_number, seconds
from ferryman.cli.printing import show
from ferryman.cost.number_format import MONTH_SECONDS, plain
from ferryman.cost.traffic.shape import Shape
from ferryman.records.table import Table

if TYPE_CHECKING:
    from ferryman.cost.cold_starts import ColdStarts

__all__ = ("cold_starts",)


@dataclass(frozen=True, slots=True)
class ColdStartOptions:
    """The traffic, and how long environments are kept."""

    requests: Decimal = option(
        "Requests a month, or a rate.", "10M", above_nothing(field_number("requests"))
    )
    wall_ms: Decimal = option(
        "Duration of a warm request, ms.", "100", above_nothing(field_number("wall_ms"))
    )
    cold_ms: Decimal | None = option(
        "Duration of a request that starts cold, ms; by default that of a warm one.",
        None,
        above_nothing(field_number("wall_ms")),
        needs=("simulated",),
    )
    shape: Shape | None = option(
        "The week: flat, office, consumer, social, batch, or a .json file.", None, a_week
    )
    timeout: Decimal = option(
        "Seconds after which Lambda removes an idle environment.", "600", above_nothing(seconds)
    )
    simulated: bool = option("Also simulate, which takes seconds.", False, flag="--simulate")
    as_json: bool = option("Print the rows as JSON.", False, flag="--json")


@click.command("cold-starts")
@add_options(ColdStartOptions)
def cold_starts(**values: Any) -> None:
    """Estimate how many requests start cold, and how many environments run.

    AWS does not say after how long it removes an idle environment; the band is from 5 to 60
    minutes. From 0.3 requests a second on, the closed form is about 30 % too low; use --simulate.

    \b
    Example:
      ferryman cost cold-starts --requests 3M --shape office --simulate
    """
    check_needs(click.get_current_context(), ColdStartOptions)
    options = read_group(ColdStartOptions, values)
    rows = list(_rows(options))
    if options.as_json:
        click.echo(json.dumps([_json(*row) for row in rows]))
        return
    header = ("by", "idle time-out, s", "cold share", "standard error", "environments")
    rate = float(options.requests) / MONTH_SECONDS
    title = f"Cold starts at {rate:.3g} requests a second of {plain(options.wall_ms)} ms"
    texts = tuple((by, f"{timeout:g}", *_cells(found)) for by, timeout, found in rows)
    show(Table(title, header, texts, frozenset({1, 2, 3, 4})))


def _cells(found: ColdStarts) -> tuple[str, str, str]:
    error = f"{found.standard_error:.1g}" if found.standard_error is not None else ""
    return f"{found.share:.3g}", error, f"{found.environments:.3g}"


def _rows(options: ColdStartOptions) -> Iterator[tuple[str, float, ColdStarts]]:
    from ferryman.cost import cold_starts as model

    rate, warm = float(options.requests) / MONTH_SECONDS, float(options.wall_ms) / 1000
    timeout, shape = float(options.timeout), options.shape
    shortest, longest = model.IDLE_TIMEOUT_BAND
    for each in dict.fromkeys((shortest, timeout, longest)):
        if shape:
            yield "closed form", each, model.expected_over_week(rate, warm, shape, each)
        else:
            yield "closed form", each, model.expected(rate, warm, each)
    if options.simulated:
        cold = warm if options.cold_ms is None else float(options.cold_ms) / 1000
        drawn = model.simulate_to_error(rate, (warm, cold), shape, timeout)
        yield "simulation", timeout, drawn


def _json(by: str, timeout: float, found: ColdStarts) -> dict[str, object]:
    return {
        "by": by,
        "idle_timeout_s": timeout,
        "share": found.share,
        "standard_error": found.standard_error,
        "environments": found.environments,
    }
