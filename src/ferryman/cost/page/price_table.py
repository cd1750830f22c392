"""The table of all prices in an answer, each with its source and date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ferryman.cost.bill import Line
from ferryman.cost.number_format import plain
from ferryman.cost.page.markup import Markup, element
from ferryman.cost.prices.book import PriceBook, Rate

__all__ = ("price_table",)


def price_table(lines: Iterable[Line], book: PriceBook) -> Markup:
    """Return a row per price of the bills, with its source and the date on which it was seen."""
    found: dict[tuple[str, str], Rate] = {
        (line.rate.id, line.rate.region): line.rate for line in lines
    }
    names = ("price", "region", "USD", "unit", "source", "seen", "confidence")
    head = [element("th", x, scope="col", class_="number" if x == "USD" else None) for x in names]
    return element(
        "table",
        element("caption", f"Prices of the book of {book.date}"),
        element("thead", element("tr", *head)),
        element("tbody", *(_price(rate) for _, rate in sorted(found.items()))),
    )


def _price(rate: Rate) -> Markup:
    return element(
        "tr",
        element("th", rate.id, scope="row", class_="rate"),
        element("td", "all" if rate.region == "*" else rate.region, class_="whole"),
        element("td", *_tiers(rate), class_="number"),
        element("td", rate.unit, class_="whole"),
        element("td", _source(rate.source), class_="source"),
        element("td", rate.seen, class_="whole"),
        element("td", rate.confidence, class_="whole"),
    )


def _tiers(rate: Rate) -> Iterator[str]:
    """Yield the price of each tier, and the number of units above which it applies."""
    yield plain(rate.value)
    for tier in rate.tiers[1:]:
        yield element("small", f"{plain(tier.price)} above {plain(tier.start)}")


def _source(source: str) -> Markup | str:
    if not source.startswith("https://") or " " in source:
        return source
    shown = source.removeprefix("https://")
    return element("a", shown, href=source, rel="noreferrer")
