"""The parts of the page of several applications, in order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ferryman.cost.bill import Bill
from ferryman.cost.number_format import usd, volume
from ferryman.cost.page.drawing import figure
from ferryman.cost.page.markup import Markup, element, join, unbroken
from ferryman.cost.page.portfolio_chart import narrow_portfolio_chart, portfolio_chart
from ferryman.cost.page.sections import folded_bill, prices, section
from ferryman.cost.page.tables import html_table, scrolling
from ferryman.cost.page.tiles import Tile, tile_row
from ferryman.cost.portfolio import Crossover, Portfolio
from ferryman.cost.portfolio_tables import (
    crossover_text,
    headline,
    input_table,
    move_table,
    outlook,
    servers_text,
    way_table,
)
from ferryman.records.table import Table
from ferryman.records.wording import counted

__all__ = (
    "first_portfolio_sections",
    "portfolio_answer",
    "second_portfolio_sections",
)


def portfolio_answer(found: Portfolio) -> Markup:
    """Return the answer in two sentences and four figures."""
    lead = element("p", unbroken(outlook(found)))
    return element("header", element("h1", unbroken(headline(found))), lead, _tiles(found))


def _tiles(found: Portfolio) -> Markup:
    return tile_row((_best(found), _functions(found), _shared(found), _first_move(found)))


def _best(found: Portfolio) -> Tile:
    worth, best = found.worth_moving, found.cheapest
    lowest = Decimal(found.moves[worth - 1].usd if worth else found.start)
    if best.usd < lowest - Decimal("0.01"):
        return Tile("Cheapest now", f"{usd(best.usd)} USD", f"a month, all on {best.name}")
    moved = f"a month with {worth} of {len(found.apps)} on shared servers"
    return Tile(
        "Cheapest now", f"{usd(lowest)} USD", moved if worth else "a month, a function each"
    )


def _functions(found: Portfolio) -> Tile:
    count = counted(len(found.apps), "application")
    return Tile("All on functions", f"{usd(Decimal(found.start))} USD", f"a month for {count}")


def _shared(found: Portfolio) -> Tile:
    way = next((way for way in found.ways if way.name == "shared EC2 instances"), None)
    if way is None:
        return Tile("All on shared servers", "none", "an application fits no instance")
    return Tile("All on shared servers", f"{usd(way.usd)} USD", f"a month for {servers_text(way)}")


def _first_move(found: Portfolio) -> Tile:
    worth = [move.app for move in found.moves[: found.worth_moving]]
    if not worth:
        first = found.moves[0].app
        return Tile("Move first", "nothing yet", f"{first} would be the first")
    then = f"then {', '.join(worth[1:4])}" if worth[1:] else "and no other yet"
    more = f" and {len(worth) - 4} more" if len(worth) > 4 else ""
    return Tile("Move first", worth[0], f"{then}{more}")


def first_portfolio_sections(found: Portfolio) -> Iterator[Markup]:
    """Yield the bill by traffic, each application, and the order of moves."""
    if found.growth:
        yield section("traffic", "The bill by traffic", _traffic(found))
    yield section("apps", "The applications", *_apps(found))
    yield section("moves", "The order of moves", *_moves(found))


def second_portfolio_sections(found: Portfolio) -> Iterator[Markup]:
    """Yield the bills of all applications on each kind of platform, the inputs and the prices."""
    yield section("ways", "All applications on each platform", *_ways(found))
    lines = [line for way in found.ways for line in way.lines]
    inputs = scrolling(html_table(input_table(found)), "What the applications need")
    yield section("sources", "Inputs and prices", inputs, prices(lines, found.book))


def _traffic(found: Portfolio) -> Markup:
    caption = (
        "USD a month by the traffic of all applications, relative to today's. Both axes are"
        " logarithmic; the circle is the crossover of all. Below, for each application: the factor"
        " of its own traffic at which servers become cheaper, if the others are already on them"
        " (filled) and alone (hollow)."
    )
    charts = join((portfolio_chart(found), narrow_portfolio_chart(found)))
    return figure(charts, caption, "The bill by traffic")


def _apps(found: Portfolio) -> Iterator[Markup]:
    order = {move.app: place for place, move in enumerate(found.moves, 1)}
    rows = tuple(_app_row(found, each, order[each.app]) for each in found.crossovers)
    header = (
        "application",
        "what to do",
        "requests a month",
        "crossover alone",
        "among the others",
    )
    title = "Requests a month of each application, and the number above which servers are cheaper"
    worth = found.worth_moving
    moved = [row for row, each in enumerate(found.crossovers) if order[each.app] <= worth]
    table = Table(title, header, rows, frozenset({2, 3, 4}))
    yield scrolling(html_table(table, emphasis=moved), "The applications")
    yield element(
        "p",
        "Alone, an application pays for its own two servers and load balancer; among the others,"
        " only for what it adds to theirs. The crossovers assume that as a function it has the"
        " free tiers to itself; in the order of moves, the remaining functions share them.",
        class_="about",
    )


def _app_row(found: Portfolio, each: Crossover, place: int) -> tuple[str, ...]:
    doubtful = any(app.name == each.app for app in found.doubtful)
    return (
        f"{each.app} (doubtful)" if doubtful else each.app,
        f"move, {_ordinal(place)}" if place <= found.worth_moving else "keep",
        volume(each.requests),
        crossover_text(each.alone),
        crossover_text(each.among),
    )


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _moves(found: Portfolio) -> Iterator[Markup]:
    table = html_table(move_table(found, star=False), emphasis=(found.worth_moving,))
    yield scrolling(table, "The order of moves")
    yield element(
        "p",
        "Each row moves one more application to the shared instances: the one that gives the"
        " lowest total. The first move pays for the instances and the load balancer.",
        class_="about",
    )


def _ways(found: Portfolio) -> Iterator[Markup]:
    best = found.ways.index(found.cheapest)
    table = html_table(way_table(found, star=False), emphasis=(best,))
    yield scrolling(table, "All applications on each platform")
    requests = sum((app.workload.requests for app in found.apps), Decimal(0))
    for way in found.ways:
        if way.lines:
            yield folded_bill(
                Bill(way.name, requests, way.lines, way.highly_available, way.servers)
            )
