"""What the pages have in common: the mark of a generated page, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ("GENERATED", "table")

GENERATED = "<!-- Made by `make docs`; do not edit. -->\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, each line of it ended."""
    lines = (header, ["---"] * len(header), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
