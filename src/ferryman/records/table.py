"""A table of text cells: rooms return it, and the command line lays it out."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("Row", "Table")

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be laid out in columns.

    Args:
        title: What stands above it.
        header: The names of the columns; empty for none.
        rows: Equally many cells each.
        right: Which columns hold numbers, to be aligned at their last digit.
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    right: frozenset[int] = frozenset()
