"""``ferryman cost prices``: shows the price book, compares it with AWS's lists, updates it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferryman.cli.cost.options import about
from ferryman.cli.cost.path_values import a_new_file
from ferryman.cli.printing import show
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.cost.number_format import plain
from ferryman.records.table import Table
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from ferryman.cost.prices.book import PriceBook

__all__ = ("prices",)


@click.group("prices")
def prices() -> None:
    """Show the price book, compare it with AWS, or update it.

    \b
    Example:
      ferryman cost prices update --region eu-west-1 --to prices.json
    """


@prices.command("show")
@click.option(
    "--prices",
    "path",
    type=click.Path(path_type=Path),
    help="A price book that `prices update` wrote.",
)
@click.option("--region", metavar="REGION", help="Only this region.")
@click.option("--json", "as_json", is_flag=True, help="Print the rates as JSON, with all tiers.")
@click.argument("prefix", default="")
def show_prices(path: Path | None, region: str | None, as_json: bool, prefix: str) -> None:
    """Print the rates whose name begins with PREFIX, with source and date.

    \b
    Example:
      ferryman cost prices show fargate --region eu-west-1
    """
    book = _book(path)
    if region is not None:
        with about("--region"):
            book.check_region(region)
    rates = [
        rate
        for rate in book.rates.values()
        if rate.id.startswith(prefix) and region in (None, rate.region)
    ]
    if not rates:
        from ferryman.cost.prices.book import suggest

        raise ConfigError(
            f"no rate begins with {prefix!r}" + (f" in {region}" if region else ""),
            hint=suggest(
                prefix.partition(".")[0],
                sorted({rate.id.partition(".")[0] for rate in book.rates.values()}),
                "names begin with",
            ),
        )
    if as_json:
        from ferryman.cost.answer_json import rate_json

        click.echo(json.dumps([rate_json(rate) for rate in rates], indent=2))
        return
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
    header = ("rate", "region", "USD", "unit", "seen", "confidence", "source")
    show(Table(f"Prices, book of {book.date}", header, rows, frozenset({2})))


_SOURCE = click.option(
    "--from",
    "base",
    metavar="PLACE",
    default="https://pricing.us-east-1.amazonaws.com",
    show_default=True,
    help="Source of AWS's bulk price lists: an address, a folder or a file, CSV or JSON.",
)


def _check_region(_: click.Context, __: click.Parameter, given: str) -> str:
    # The lists may have regions that the book does not have.
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*-\d+", given, re.ASCII):
        raise ConfigError(
            f"--region: {given!r} is not the name of a region", hint="give one such as eu-west-1"
        )
    return given


def _check_offers(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    from ferryman.cost.prices.update import parse_list

    with about("--offer"):
        for text in given:
            parse_list(text)
    return given


_REGION = click.option(
    "--region",
    metavar="REGION",
    default="us-east-1",
    show_default=True,
    callback=_check_region,
    help="AWS region.",
)
_OFFERS = click.option(
    "--offer",
    "offers",
    metavar="LIST",
    multiple=True,
    callback=_check_offers,
    help="Only this list, such as AWSComputeSavingsPlan or AmazonEC2@20260925174521; repeat for "
    "several.",
)

_BOOK = click.option(
    "--to",
    "path",
    metavar="FILE",
    callback=lambda _context, _option, given: a_new_file("--to", given),
    default="ferryman-prices.json",
    show_default=True,
    help="The price book to write; its other rates stay.",
)


@prices.command("update")
@_SOURCE
@_REGION
@_OFFERS
@_BOOK
def update_prices(base: str, region: str, offers: tuple[str, ...], path: Path) -> None:
    """Read AWS's bulk price lists into a book for `ferryman cost --prices`.

    The command needs no credentials. The list of EC2 has about 300 MB, and is read as a stream.

    \b
    Example:
      ferryman cost prices update --region eu-west-1 --to prices.json
    """
    from ferryman.cost.prices.update import fetch, write_overlay

    with about("--from"):
        found = fetch(base, region, offers, lambda text: click.echo(text, err=True))
    if found.rates:
        write_overlay(path, found.rates, found.instances)
        learned = (
            f" and {counted(len(found.instances), 'new instance type')}" if found.instances else ""
        )
        click.echo(
            f"wrote {counted(len(found.rates), 'rate')}{learned} of {region} to {path}", err=True
        )
    if not found.failed:
        return
    kept = "the others are kept" if found.rates else "nothing was written"
    (first, error), *more = found.failed.items()
    for name, other in more:
        click.echo(f"note: {name}: {other.message}", err=True)
    names = ", ".join(found.failed)
    message = f"{names}: {kept}; {error.message}" if more else f"{error.message}; {kept}"
    cause = error.cause or None
    hint = error.hint or f"try again with --offer {first}"
    raise type(error)(f"--from: {message}", cause=cause, hint=hint)


@prices.command("set")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--discount", metavar="PERCENT", help="A discount, such as 12%, instead of a VALUE.")
@click.option(
    "--reason",
    metavar="WORDS",
    required=True,
    help="The reason; every bill with this rate shows it.",
)
@_REGION
@_BOOK
def set_price(
    name: str, value: str | None, discount: str | None, reason: str, region: str, path: Path
) -> None:
    """Set the rate NAME to VALUE USD, or discount all rates whose names begin with NAME.

    Use this for a negotiated rate or a private discount. `ferryman cost --prices` reads the book.

    \b
    Example:
      ferryman cost prices set ec2. --discount 12% --reason "agreement of 2026" --region eu-west-1
    """
    from ferryman.cost.prices.negotiated import discounted, negotiated
    from ferryman.cost.prices.overlay import write_overlay
    from ferryman.cost.units import SHARE, USD, parse_number

    if (value is None) == (discount is None):
        raise ConfigError("give a VALUE in USD or a --discount, and not both")
    book = _book(path if path.exists() else None)
    if value is not None:
        rates = [negotiated(book, name, region, parse_number(value, USD, "VALUE"), reason)]
    else:
        share = parse_number(discount or "", SHARE, "--discount")
        rates = discounted(book, name, region, share, reason)
    write_overlay(path, rates)
    click.echo(f"wrote {counted(len(rates), 'rate')} of {region} to {path}", err=True)


@prices.command("check")
@_SOURCE
@_REGION
@_OFFERS
@click.option(
    "--prices",
    "path",
    type=click.Path(path_type=Path),
    help="A price book that `prices update` wrote.",
)
def check_prices(base: str, region: str, offers: tuple[str, ...], path: Path | None) -> None:
    """Print every rate that differs between the book and AWS's price lists; fail if one does.

    \b
    Example:
      ferryman cost prices check --region eu-west-1 --prices prices.json
    """
    from ferryman.cost.prices.update import drift, fetch_rates, unread

    book = _book(path)
    with about("--from"):
        fresh = fetch_rates(base, region, offers, lambda text: click.echo(text, err=True))
    changed = drift(book, fresh)
    if not offers and (left := unread(book, fresh, region)):
        click.echo(
            f"note: {counted(len(left), 'rate')} in none of the lists: {', '.join(left)}", err=True
        )
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
            f"{len(rows)} of {counted(len(fresh), 'rate')} differ from AWS's price list",
            hint="`ferryman cost prices update` reads the new ones",
        )
    click.echo(f"all {len(fresh)} rates agree with AWS's price list of today")


def _book(path: Path | None) -> PriceBook:
    from ferryman.cost.prices.book import load_book
    from ferryman.cost.prices.overlay import with_overlay

    with about("--prices"):
        return with_overlay(load_book(), path) if path else load_book()
