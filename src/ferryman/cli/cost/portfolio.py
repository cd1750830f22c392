"""``ferryman cost portfolio``: several applications of one account, and which to move when."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.cost.options import about
from ferryman.cli.cost.path_values import a_new_file
from ferryman.cli.printing import show, write_file
from ferryman.cost.number_format import six_places

if TYPE_CHECKING:
    from ferryman.cost.portfolio import Portfolio

__all__ = ("portfolio",)


@click.command("portfolio")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--copies",
    multiple=True,
    metavar="NAME:SHARE",
    help="Also run each application as NAME with a share of its traffic; repeat for several.",
)
@click.option(
    "--prices", type=click.Path(path_type=Path), help="A price book that `prices update` wrote."
)
@click.option(
    "--html",
    callback=lambda _context, _option, given: given and a_new_file("--html", given),
    metavar="FILE",
    help="Write the answer as one HTML page to this file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def portfolio(
    path: Path, copies: tuple[str, ...], prices: Path | None, html: Path | None, as_json: bool
) -> None:
    """Compare one function for each application with servers that all of them share.

    The TOML file has a table [apps.NAME] for each application, with the keys of
    [tool.ferryman.cost]. Keys above these tables, such as region, apply to all applications.

    \b
    Example:
      ferryman cost portfolio portfolio.toml --copies staging:0.02 --html portfolio.html
    """
    from ferryman.cli.cost.portfolio_file import a_copy, read_portfolio
    from ferryman.cost import portfolio_tables as tables
    from ferryman.cost.portfolio import find_portfolio, with_copies
    from ferryman.cost.prices.book import load_book
    from ferryman.cost.prices.overlay import with_overlay

    apps, choices, told = read_portfolio(path)
    more = tuple(a_copy("--copies", text) for text in copies)
    with about("--prices"):
        book = with_overlay(load_book(), prices) if prices else load_book()
    found = find_portfolio(with_copies(apps, (*told, *more)), choices, book)
    answer = f"{tables.headline(found)} {tables.outlook(found)}"
    if html:
        from ferryman.cost.page.document import portfolio_document

        write_file(html, portfolio_document(found, path.stem, date.today()))
    if as_json:
        click.echo(json.dumps({"answer": answer} | _json(found), indent=2))
        return
    click.echo(f"{answer}\n")
    for table in (tables.way_table(found), tables.crossover_table(found), tables.move_table(found)):
        show(table)


def _json(found: Portfolio) -> dict[str, Any]:
    return {
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
