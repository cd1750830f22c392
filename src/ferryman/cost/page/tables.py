"""Tables in HTML, and containers that scroll or fold."""

from __future__ import annotations

from collections.abc import Sequence

from ferryman.cost.page.markup import Markup, element
from ferryman.records.table import Row, Table

__all__ = ("folded", "html_table", "scrolling")


def html_table(table: Table, *, emphasis: Sequence[int] = ()) -> Markup:
    """Return a table in HTML, with the first cell of each row as its heading.

    Args:
        table: The table.
        emphasis: The indices of highlighted rows.
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


def scrolling(content: Markup, name: str) -> Markup:
    """Return a table or chart that scrolls sideways in a narrow window.

    Args:
        content: The table or chart.
        name: Its name for screen readers.
    """
    return element("div", content, class_="scroll", tabindex=0, role="region", aria_label=name)


def folded(summary: str | Markup, *content: Markup) -> Markup:
    """Return content that is hidden until the reader opens it or prints the page."""
    return element("details", element("summary", summary), *content)
