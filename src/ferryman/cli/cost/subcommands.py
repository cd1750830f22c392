"""What stands below ``ferryman cost``: cold starts, the self-check, and where prices stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ferryman.cli.cost import values
from ferryman.cli.cost.prices import prices
from ferryman.cli.cost.serve import serve
from ferryman.cli.tables import show
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.tables import Table
from ferryman.cost.figures import plain

if TYPE_CHECKING:
    from ferryman.cost.cold_starts import ColdStarts
    from ferryman.cost.traffic.shape import Shape

__all__ = ("COMMANDS",)


MOST_SIMULATED = 5_000_000
"""Requests: some ten seconds."""


@click.command("selfcheck")
@click.option("--json", "as_json", is_flag=True, help="Print the examples as JSON.")
def selfcheck(as_json: bool) -> None:
    """Hold the model against AWS's own worked examples, to the last digit that AWS prints.

    \b
    Example:
      ferryman cost selfcheck
    """
    from ferryman.cost.selfcheck import ERRORS, check_examples

    checks = check_examples()
    if as_json:
        rows = [
            {
                "example": check.example.name,
                "source": check.example.source,
                "aws": str(check.example.printed),
                "ferryman": str(check.reckoned),
                "equal": check.is_equal,
            }
            for check in checks
        ]
        click.echo(json.dumps({"examples": rows, "errors_of_aws": [list(e) for e in ERRORS]}))
    else:
        table = tuple(
            (
                check.example.name,
                f"{check.example.printed}",
                f"{check.reckoned}",
                "equal" if check.is_equal else "DIFFERENT",
                check.example.source,
            )
            for check in checks
        )
        header = ("example", "AWS", "ferryman", "", "page")
        show(Table("AWS's worked examples, USD", header, table, frozenset({1, 2})))
        show(Table("Errors on AWS's pages, not reproduced", ("where", "what"), ERRORS))
    wrong = [check.example.name for check in checks if not check.is_equal]
    if wrong:
        raise FerrymanError(f"the model differs from AWS on: {', '.join(wrong)}")


@click.command("cold-starts")
@click.option(
    "--requests", default="10M", callback=values.number, show_default=True, help="A month."
)
@click.option("--wall-ms", default="100", callback=values.number, show_default=True, help="Each.")
@click.option("--shape", help="The week: flat, office, consumer, social, batch, or a .json.")
@click.option(
    "--timeout",
    default="600",
    callback=values.number,
    show_default=True,
    help="Seconds after which an idle environment is gone.",
)
@click.option("--simulate", "simulated", is_flag=True, help="Also simulate; takes seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def cold_starts(requests, wall_ms, shape, timeout, simulated, as_json):  # type: ignore[no-untyped-def]
    """Say how many requests start cold, and how many environments there are.

    AWS promises no idle time-out: the band is from 5 to 60 minutes.

    \b
    Example:
      ferryman cost cold-starts --requests 3M --shape office
    """
    from ferryman.cost.figures import MONTH_SECONDS

    rate, service = float(requests) / MONTH_SECONDS, float(wall_ms) / 1000
    week = values.week(shape) if shape else None
    rows = list(_cold_rows(rate, service, week, float(timeout), simulated))
    if as_json:
        click.echo(json.dumps([_cold_data(*row) for row in rows]))
        return
    header = ("by", "idle time-out, s", "cold share", "environments")
    title = f"Cold starts at {rate:.3g} requests a second of {plain(wall_ms)} ms"
    texts = tuple(
        (by, f"{seconds:g}", f"{found.share:.3g}", f"{found.environments:.3g}")
        for by, seconds, found in rows
    )
    show(Table(title, header, texts, frozenset({1, 2, 3})))


def _cold_rows(
    rate: float, service: float, week: Shape | None, timeout: float, simulated: bool
) -> Iterator[tuple[str, float, ColdStarts]]:
    from ferryman.cost import cold_starts as model

    shortest, longest = model.IDLE_TIMEOUT_BAND
    for seconds in dict.fromkeys((shortest, timeout, longest)):
        found = (
            model.expected_over_week(rate, service, week, seconds)
            if week
            else model.expected(rate, service, seconds)
        )
        yield "closed form", seconds, found
    if simulated:
        warm_up = 2 * timeout
        span = min(100_000 / rate, 4 * 7 * 24 * 3600.0) + warm_up
        if rate * span > MOST_SIMULATED:
            raise ConfigError(
                f"a simulation would take {rate * span:,.0f} requests",
                cause=f"idle environments go after {timeout:g} s, and twice that is the least",
                hint="leave --simulate out: with so much traffic the closed form is exact enough",
            )
        arrivals = model.shaped(rate, week, span) if week else model.poisson(rate, span)
        drawn = model.simulate(arrivals, service, service, timeout, warm_up=warm_up)
        yield "simulation", timeout, drawn


def _cold_data(by: str, seconds: float, found: ColdStarts) -> dict[str, object]:
    return {
        "by": by,
        "idle_timeout_s": seconds,
        "share": found.share,
        "environments": found.environments,
    }


COMMANDS: dict[str, click.Command] = {
    "cold-starts": cold_starts,
    "prices": prices,
    "selfcheck": selfcheck,
    "serve": serve,
}
