"""Printing: tables on a terminal and in a pipe, CSV, Markdown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import FerrymanError, reason_of
from ferryman.records.atomic_file import write_whole
from ferryman.records.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import JustifyMethod

__all__ = ("show", "show_csv", "show_markdown", "write_file")


def write_file(path: Path, text: str) -> None:
    """Write a file completely or not at all, and print its name.

    Raises:
        FerrymanError: The file cannot be written.
    """
    try:
        write_whole(path, text)
    except OSError as error:
        raise FerrymanError(f"{path} cannot be written", cause=reason_of(error)) from error
    click.echo(f"wrote {path}", err=True)


def show(table: Table) -> None:
    """Print a table under its title, and an empty line."""
    click.echo(table.title)
    if sys.stdout.isatty():
        _show_rich(table)
    else:
        _show_plain(table)
    click.echo()


def _show_plain(table: Table) -> None:
    rows = (table.header, *table.rows) if table.header else table.rows
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if index in table.right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(f"  {'  '.join(cells)}".rstrip())


def _show_rich(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable

    drawn = RichTable(box=None, show_header=bool(table.header), header_style="bold")
    for index, name in enumerate(table.header or table.rows[0]):
        justify: JustifyMethod = "right" if index in table.right else "left"
        # A shortened path would be useless.
        drawn.add_column(name, justify=justify, overflow="fold")
    for row in table.rows:
        drawn.add_row(*row)
    Console(highlight=False).print(drawn)


def show_csv(table: Table) -> None:
    """Print a table as CSV, its header first."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.header)
    writer.writerows(table.rows)
    click.echo(text.getvalue(), nl=False)


def show_markdown(table: Table) -> None:
    """Print a table as Markdown, for a comment on a pull request."""
    click.echo(f"### {table.title}\n")
    rows = (table.header, tuple("---" for _ in table.header), *table.rows)
    for row in rows:
        click.echo(f"| {' | '.join(row)} |")
