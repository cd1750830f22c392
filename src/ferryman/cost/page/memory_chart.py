"""Lambda by memory size: a table with a bar for each duration and each bill."""

from __future__ import annotations

from ferryman.cost.memory import Advice, Option
from ferryman.cost.number_format import usd
from ferryman.cost.page.markup import Markup, element
from ferryman.records.wording import three_digits

__all__ = ("memory_chart",)

LENGTH = 160.0


def memory_chart(advice: Advice) -> Markup:
    """Return the table; every bar is relative to the longest in its column."""
    longest = max(float(option.wall_ms) for option in advice.options)
    dearest = max(float(option.usd) for option in advice.options) or 1.0
    rows = (
        _row(option, advice, float(option.wall_ms) / longest, float(option.usd) / dearest)
        for option in advice.options
    )
    head = element(
        "tr",
        element("th", "MiB", scope="col", class_="number"),
        element("th", "ms a request", scope="col", colspan=2),
        element("th", "USD a month", scope="col", colspan=2),
        element("td"),
    )
    caption = element("caption", "Lambda by memory size")
    return element("table", caption, element("thead", head), element("tbody", *rows))


def _row(option: Option, advice: Advice, duration: float, cost: float) -> Markup:
    marks = advice.marks(option)
    return element(
        "tr",
        element("th", f"{option.memory_mib:,}", scope="row", class_="number"),
        element("td", three_digits(option.wall_ms), class_="number"),
        element("td", _bar(duration, "time"), class_="bars"),
        element("td", usd(option.usd), class_="number"),
        element("td", _bar(cost, "money"), class_="bars"),
        element("td", marks),
        class_="best" if marks else None,
    )


def _bar(share: float, class_: str) -> Markup:
    drawn = element("rect", width=LENGTH * share, height=10.0, rx=2.0, class_=class_)
    return element("svg", drawn, viewBox=f"0 0 {LENGTH:g} 10", aria_hidden="true", class_="cell")
