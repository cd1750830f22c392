"""What a command says while it works: on standard error, and on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import FerrymanError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from ferryman.core.build.target import Progress

__all__ = ("announce", "report", "show_log", "working", "working_on_each")


@contextmanager
def working(first: str) -> Iterator[Progress]:
    """Yield a function that shows what is being done, until the block ends.

    Args:
        first: What is shown to begin with.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield status.update


@contextmanager
def working_on_each(names: Iterable[str]) -> Iterator[Mapping[str, Progress]]:
    """Yield, for each of several things done at once, a function that shows what is being done.

    Args:
        names: What stands before each.
    """
    if not sys.stderr.isatty():
        yield dict.fromkeys(names, lambda _: None)
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[name]}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield {name: _line(bars, name) for name in names}


def _line(bars: Bars, name: str) -> Progress:
    line = bars.add_task("", name=name, total=None)
    return lambda text: bars.update(line, description=text)


def report(error: FerrymanError) -> None:
    """Say what happened, why, and what to do, on standard error."""
    click.secho("error", fg="red", bold=True, nl=False, err=True)
    click.echo(f": {error.message}", err=True)
    if error.cause:
        click.echo(f"cause: {error.cause}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def show_log(line: str) -> None:
    """Show a line of a function's log, on standard error; what Lambda wrote stands back."""
    from ferryman.development.function_log import is_of_lambda, readable

    for text in readable(line):
        click.secho(text, dim=is_of_lambda(text), err=True)


def announce(text: str) -> None:
    """Say something that whoever started the command waits for, terminal or not."""
    click.echo(text, err=True)
