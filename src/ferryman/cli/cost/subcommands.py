"""What stands below ``ferryman cost``: cold starts, prices, the self-check."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ferryman.cli.cost import values
from ferryman.cli.cost.serve import serve
from ferryman.cli.tables import show
from ferryman.core.errors import FerrymanError
from ferryman.core.tables import Table
from ferryman.cost.figures import plain

__all__ = ("COMMANDS",)


@click.command("selfcheck")
@click.option("--json", "as_json", is_flag=True, help="Print the examples as JSON.")
def selfcheck(as_json: bool) -> None:
    """Hold the model against AWS's own worked examples, to the last digit that AWS prints."""
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
def cold_starts(requests, wall_ms, shape, timeout, simulated):  # type: ignore[no-untyped-def]
    """Say how many requests start cold, and how many environments there are.

    AWS promises no idle time-out: the band is from 5 to 60 minutes.
    """
    from ferryman.cost import cold_starts as model
    from ferryman.cost.figures import MONTH_SECONDS

    rate, service = float(requests) / MONTH_SECONDS, float(wall_ms) / 1000
    week = values.week(shape) if shape else None
    rows = []
    times = (model.IDLE_TIMEOUT_BAND[0], float(timeout), model.IDLE_TIMEOUT_BAND[1])
    for seconds in dict.fromkeys(times):
        found = (
            model.expected_over_week(rate, service, week, seconds)
            if week
            else model.expected(rate, service, seconds)
        )
        rows.append(_cold_row("closed form", seconds, found))
    if simulated:
        span = min(100_000 / rate, 4 * 7 * 24 * 3600.0) + 2 * float(timeout)
        arrivals = model.shaped(rate, week, span) if week else model.poisson(rate, span)
        drawn = model.simulate(
            arrivals, service, service, float(timeout), warm_up=2 * float(timeout)
        )
        rows.append(_cold_row("simulation", float(timeout), drawn))
    header = ("by", "idle time-out, s", "cold share", "environments")
    title = f"Cold starts at {rate:.3g} requests a second of {plain(wall_ms)} ms"
    show(Table(title, header, tuple(rows), frozenset({1, 2, 3})))


def _cold_row(by: str, seconds: float, found: object) -> tuple[str, str, str, str]:
    share, environments = found.share, found.environments  # type: ignore[attr-defined]
    return by, f"{seconds:g}", f"{share:.3g}", f"{environments:.3g}"


@click.group("prices")
def prices() -> None:
    """Show the price book, hold it against AWS, or bring it up to date."""


@prices.command("show")
@click.option("--prices", "path", type=click.Path(path_type=Path), help="A book of `update`.")
@click.option("--region", help="Only this region.")
@click.argument("prefix", default="")
def show_prices(path: Path | None, region: str | None, prefix: str) -> None:
    """Print the rates whose name begins with PREFIX, with source and date."""
    from ferryman.cost.prices.book import load_book
    from ferryman.cost.prices.overlay import with_overlay

    book = with_overlay(load_book(), path) if path else load_book()
    rates = [
        rate
        for rate in book.rates.values()
        if rate.id.startswith(prefix) and region in (None, rate.region)
    ]
    rows = tuple(
        (
            rate.id,
            rate.region,
            plain(rate.value, 12) + ("..." if len(rate.tiers) > 1 else ""),
            rate.unit,
            rate.seen,
            rate.confidence,
            rate.source,
        )
        for rate in rates
    )
    if not rows:
        raise FerrymanError(f"no rate begins with {prefix!r}" + (f" in {region}" if region else ""))
    header = ("rate", "region", "USD", "unit", "seen", "confidence", "source")
    show(Table(f"Prices, book of {book.date}", header, rows, frozenset({2})))


_SOURCE = click.option(
    "--from",
    "base",
    default="https://pricing.us-east-1.amazonaws.com",
    show_default=True,
    help="Where AWS's bulk price lists are.",
)
_REGION = click.option("--region", default="us-east-1", show_default=True, help="AWS region.")
_OFFERS = click.option(
    "--offer",
    "offers",
    multiple=True,
    help="Only this list, such as AWSComputeSavingsPlan or AmazonEC2@20260925174521; repeatable.",
)


@prices.command("update")
@_SOURCE
@_REGION
@_OFFERS
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="ferryman-prices.json",
    show_default=True,
    help="The book to write; what it has of other regions stays.",
)
def update_prices(base: str, region: str, offers: tuple[str, ...], path: Path) -> None:
    """Read AWS's bulk price lists into a book for `ferryman cost --prices`.

    Needs no credentials. The list of EC2 has some 300 MB and is read as it arrives.
    """
    from ferryman.cost.prices.update import fetch_rates, write_overlay

    rates = fetch_rates(base, region, offers, lambda text: click.echo(text, err=True))
    write_overlay(path, rates)
    click.echo(f"wrote {len(rates)} rates of {region} to {path}", err=True)


@prices.command("check")
@_SOURCE
@_REGION
@_OFFERS
@click.option("--prices", "path", type=click.Path(path_type=Path), help="A book of `update`.")
def check_prices(base: str, region: str, offers: tuple[str, ...], path: Path | None) -> None:
    """Print every rate of the book that AWS's price lists have otherwise; fail if there is one."""
    from ferryman.cost.prices.book import load_book
    from ferryman.cost.prices.overlay import with_overlay
    from ferryman.cost.prices.update import drift, fetch_rates, unread

    book = with_overlay(load_book(), path) if path else load_book()
    fresh = fetch_rates(base, region, offers, lambda text: click.echo(text, err=True))
    changed = drift(book, fresh)
    if not offers and (left := unread(book, fresh, region)):
        click.echo(f"note: {len(left)} rates are in none of the lists: {', '.join(left)}", err=True)
    rows = tuple(
        (
            now.id,
            now.region,
            plain(old.value, 12) if old else "none",
            plain(now.value, 12),
            old.seen if old else "",
        )
        for old, now in changed
    )
    if rows:
        header = ("rate", "region", "book", "AWS", "seen")
        show(Table("Rates that differ, USD", header, rows, frozenset({2, 3})))
        raise FerrymanError(
            f"{len(rows)} of {len(fresh)} rates differ from AWS's price list",
            hint="ferryman cost prices update",
        )
    click.echo(f"all {len(fresh)} rates agree with AWS's price list of today")


COMMANDS: dict[str, click.Command] = {
    "cold-starts": cold_starts,
    "prices": prices,
    "selfcheck": selfcheck,
    "serve": serve,
}
