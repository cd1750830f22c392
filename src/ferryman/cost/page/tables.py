"""Tables of text as HTML tables, in view or folded away."""

from __future__ import annotations

from collections.abc import Sequence

from ferryman.cost.page.markup import Markup, element
from ferryman.records.table import Row, Table

__all__ = ("folded", "html_table", "scrolling")


def html_table(table: Table, *, emphasis: Sequence[int] = ()) -> Markup:
    """Return a table, its first column as the heading of each row.

    Args:
        table: The table.
        emphasis: Rows that stand out, by their place.
    """
    caption = element("caption", table.title)
    body = [_row(row, table.right, index in emphasis) for index, row in enumerate(table.rows)]
    parts = [caption]
    if table.header:
        cells = [_heading(name, index in table.right) for index, name in enumerate(table.header)]
        parts.append(element("thead", element("tr", *cells)))
    return element("table", *parts, element("tbody", *body))


def _heading(name: str, right: bool) -> Markup:
    kind = "number" if right else None
    return element("th", name, scope="col", class_=kind) if name else element("td")


def _row(row: Row, right: frozenset[int], stands_out: bool) -> Markup:
    kinds = ["number" if index in right else None for index in range(len(row))]
    first = element("th", row[0], scope="row", class_=kinds[0])
    cells = [element("td", cell, class_=kinds[i + 1]) for i, cell in enumerate(row[1:])]
    return element("tr", first, *cells, class_="best" if stands_out else None)


def scrolling(table: Markup, name: str) -> Markup:
    """Return a table that scrolls sideways where the window is narrow."""
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=name)


def folded(summary: str | Markup, *content: Markup) -> Markup:
    """Return content that is folded away until it is asked for, or printed."""
    return element("details", element("summary", summary), *content)
