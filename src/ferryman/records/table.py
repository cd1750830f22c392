"""A table of text cells, which the command line lays out."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("Row", "Table")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be laid out in columns.

    Args:
        title: The heading above it.
        header: The names of the columns; empty for none.
        rows: The rows, with the same number of cells each.
        right: The columns with numbers, which are right-aligned.
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    right: frozenset[int] = frozenset()
