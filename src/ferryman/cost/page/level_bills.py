"""The bills side by side: a row per platform, a column per level of traffic, in HTML."""

from __future__ import annotations

from ferryman.cost.bill import Bill
from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import usd, volume
from ferryman.cost.page.drawing import colours
from ferryman.cost.page.markup import Markup, element
from ferryman.records.wording import counted

__all__ = ("level_bills",)


def level_bills(comparison: Comparison) -> Markup:
    """Return the table; the cheapest bill of each level is bold and has a star."""
    kinds = colours(platform.name for platform in comparison.platforms)
    head = [element("th", "platform", scope="col"), element("th", "HA", scope="col")]
    for level in comparison.levels:
        name = f"{volume(level.requests)} requests"
        head.append(element("th", name, scope="col", class_="number"))
    return element(
        "table",
        element("caption", "USD a month; * marks the cheapest. HA: survives the loss of a zone."),
        element("thead", element("tr", *head)),
        element("tbody", *(_row(comparison, i, kind) for i, kind in enumerate(kinds))),
        class_="levels",
    )


def _row(comparison: Comparison, index: int, kind: str) -> Markup:
    bills = [(level.bills[index], level.cheapest) for level in comparison.levels]
    return element(
        "tr",
        element(
            "th",
            element("span", class_=f"key {kind}", aria_hidden="true"),
            comparison.platforms[index].name,
            scope="row",
        ),
        element("td", "yes" if bills[0][0].highly_available else "no"),
        *(_cell(bill, bill is cheapest and bill.carried) for bill, cheapest in bills),
    )


def _cell(bill: Bill, cheapest: bool) -> Markup:
    amount: str = usd(bill.total)
    if cheapest:
        amount = element("b", amount, element("span", "*", class_="star"))
    count = element("small", counted(bill.servers, "server")) if bill.servers else ""
    return element("td", amount, count, class_="number")
