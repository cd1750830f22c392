"""``ferryman cost portfolio``: several applications of one account, and which to move when."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.printing import show
from ferryman.cost.number_format import plain, six_places, usd, volume
from ferryman.records.table import Table

if TYPE_CHECKING:
    from ferryman.cost.portfolio import Portfolio, Together

__all__ = ("portfolio",)


@click.command("portfolio")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--copies",
    multiple=True,
    metavar="NAME:SHARE",
    help="Also run each application as NAME with a share of its traffic; repeat for several.",
)
@click.option("--prices", type=click.Path(path_type=Path), help="A book of `prices update`.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def portfolio(path: Path, copies: tuple[str, ...], prices: Path | None, as_json: bool) -> None:
    """Compare a function each with servers that the applications of a file share.

    The file is TOML: a table [apps.NAME] for each, with the keys of [tool.ferryman.cost], and above
    them what all have in common, such as region.

    \b
    Example:
      ferryman cost portfolio portfolio.toml --copies staging:0.02
    """
    from ferryman.cli.cost.portfolio_file import a_copy, read_portfolio
    from ferryman.cost.portfolio import find_portfolio, with_copies
    from ferryman.cost.prices.book import load_book
    from ferryman.cost.prices.overlay import with_overlay

    apps, choices, told = read_portfolio(path)
    more = tuple(a_copy("--copies", text) for text in copies)
    book = with_overlay(load_book(), prices) if prices else load_book()
    found = find_portfolio(with_copies(apps, (*told, *more)), choices, book)
    if as_json:
        click.echo(json.dumps(_json(found), indent=2))
        return
    click.echo(f"{headline(found)}\n")
    for table in (_ways(found), _crossovers(found), _moves(found)):
        show(table)


def headline(found: Portfolio) -> str:
    """Return the decision in a sentence."""
    count, worth = len(found.apps), found.worth_moving
    start, cheapest = usd(Decimal(found.start)), found.cheapest
    if not worth:
        grown = (
            f"until all traffic is {found.factor:.3g} times as much" if found.factor else "always"
        )
        text = f"Keep a function each: {start} USD a month for {count}"
        return f"{text}; shared servers cost more {grown}."
    after = usd(Decimal(found.moves[worth - 1].usd))
    which = "all" if worth == count else f"{worth} of {count}"
    text = f"Move {which} to shared EC2 instances: {after} USD a month, as functions {start}."
    if cheapest.usd < Decimal(found.moves[worth - 1].usd) - Decimal("0.01"):
        text += f" All on {cheapest.name} cost {usd(cheapest.usd)}."
    return text


def _ways(found: Portfolio) -> Table:
    rows = tuple(
        (
            way.name,
            _servers(way),
            "yes" if way.highly_available else "no",
            f"{usd(way.usd)}{'*' if way is found.cheapest else ' '}",
            usd(way.usd * 12),
        )
        for way in found.ways
    )
    header = ("all applications on", "servers", "HA", "USD a month", "a year")
    return Table("USD a month, * the cheapest", header, rows, frozenset({1, 3, 4}))


def _servers(way: Together) -> str:
    if way.servers is None:
        return ""
    return f"{way.servers} x {way.size}" if way.size else str(way.servers)


def _crossovers(found: Portfolio) -> Table:
    rows = tuple(
        (each.app, volume(each.requests), _where(each.alone), _where(each.among))
        for each in found.crossovers
    )
    header = ("application", "requests a month", "crosses over alone", "among the others")
    return Table("From how much traffic on servers are cheaper", header, rows, frozenset({1, 2, 3}))


def _where(requests: float | None) -> str:
    return "never" if requests is None else volume(Decimal(round(requests)))


def _moves(found: Portfolio) -> Table:
    rows = [("", "all as functions", usd(Decimal(found.start)))]
    for number, move in enumerate(found.moves, 1):
        best = " *" if number == found.worth_moving else ""
        rows.append((plain(Decimal(number)), move.app, f"{usd(Decimal(move.usd))}{best or '  '}"))
    header = ("", "move", "USD a month of all after it")
    title = "In which order to move to shared EC2 instances, * the lowest total"
    return Table(title, header, tuple(rows), frozenset({0, 2}))


def _json(found: Portfolio) -> dict[str, Any]:
    return {
        "answer": headline(found),
        "ways": [
            {
                "name": way.name,
                "usd": six_places(way.usd),
                "servers": way.servers,
                "size": way.size or None,
                "highly_available": way.highly_available,
                "lines": [
                    {
                        "item": line.item,
                        "quantity": six_places(line.quantity),
                        "unit": line.unit,
                        "usd": six_places(line.amount),
                    }
                    for line in way.lines
                ],
            }
            for way in found.ways
        ],
        "factor": found.factor,
        "crossovers": [
            {
                "app": each.app,
                "requests": six_places(each.requests),
                "alone": each.alone and round(each.alone),
                "among": each.among and round(each.among),
            }
            for each in found.crossovers
        ],
        "moves": [{"app": move.app, "usd": round(move.usd, 6)} for move in found.moves],
        "start_usd": round(found.start, 6),
        "worth_moving": found.worth_moving,
    }
