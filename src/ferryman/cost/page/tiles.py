"""The answer in four figures: the bill now, the next platform, the crossover and its month."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ferryman.cost.number_format import usd, volume
from ferryman.cost.page.drawing import requests
from ferryman.cost.page.markup import Markup, element, unbroken
from ferryman.cost.sentences import stretches_from_here
from ferryman.cost.study import Study
from ferryman.records.wording import counted

__all__ = ("Tile", "tile_row", "tiles")


class Tile(NamedTuple):
    """A figure with its name and a note.

    Attributes:
        name: The name of the figure.
        figure: The figure, or a word if there is none.
        note: The note below it.
    """

    name: str
    figure: str
    note: str


def tiles(study: Study) -> Markup:
    """Return the four figures of an answer."""
    return tile_row((_now(study), _next(study), _crossover(study), _growth(study)))


def tile_row(found: Iterable[Tile]) -> Markup:
    """Return figures side by side."""
    return element("dl", *map(_markup, found), class_="tiles")


def _markup(tile: Tile) -> Markup:
    return element(
        "div",
        element("dt", tile.name),
        element("dd", tile.figure, class_="figure"),
        element("dd", unbroken(tile.note)),
    )


def _now(study: Study) -> Tile:
    own = study.comparison.own
    best = own.cheapest
    if not best.carried:
        return Tile("Now", "none", "no compared platform can serve this")
    return Tile("Now", f"{usd(best.total)} USD", f"a month on {best.platform}")


def _next(study: Study) -> Tile:
    _, after = stretches_from_here(study.comparison)
    if not after:
        return Tile("Next", "nothing", "it stays the cheapest")
    name = after[0].platform
    bill = next((x for x in study.comparison.own.bills if x.platform == name), None)
    note = f"would cost {usd(bill.total)} USD today" if bill and bill.carried else "comes next"
    return Tile("Next", name, note)


def _crossover(study: Study) -> Tile:
    here, after = stretches_from_here(study.comparison)
    if here is None or not after:
        horizon = volume(study.comparison.horizon)
        return Tile("Crossover", "none", f"up to {horizon} requests a month")
    note = "requests a month"
    band = study.band_of(here.platform, after[0].platform)
    band = band or study.band_of(after[0].platform, here.platform)
    if band and band.low and band.high and requests(band.low) != requests(band.high):
        note += f"; likely {requests(band.low)} to {requests(band.high)}"
    return Tile("Crossover", volume(here.end), note)


def _growth(study: Study) -> Tile:
    growth = study.growth
    if growth is None:
        return _doubled(study)
    move = growth.move
    if move is None:
        return Tile("At your growth", "no move", f"within {counted(len(growth.months), 'month')}")
    return Tile("At your growth", move.name, f"move to {move.cheapest}")


def _doubled(study: Study) -> Tile:
    """Return the bill at twice the traffic, if the user gave no growth."""
    name, comparison = "At twice the traffic", study.comparison
    bills = (each.bill(2 * comparison.workload.requests) for each in comparison.priced)
    carried = [bill for bill in bills if bill.carried]
    if not carried:
        return Tile(name, "none", "no compared platform can serve it")
    best = min(carried, key=lambda bill: bill.total)
    return Tile(name, f"{usd(best.total)} USD", f"a month on {best.platform}")
