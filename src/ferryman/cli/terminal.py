"""Prints progress, on a terminal only, and messages; both on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import FerrymanError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from ferryman.records.progress import Progress

__all__ = (
    "announce",
    "interruptible_progress",
    "report",
    "show_log",
    "working",
    "working_on_each",
)


@contextmanager
def working(first: str) -> Iterator[Progress]:
    """Yield a function that shows the current step, until the block ends.

    Args:
        first: The first message.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield status.update


@contextmanager
def interruptible_progress(
    first: str,
) -> Iterator[tuple[Progress, Callable[[], AbstractContextManager[None]]]]:
    """Yield a function that shows progress, and a context that hides it during a question.

    Args:
        first: The first message.
    """
    if not sys.stderr.isatty():
        yield (lambda _: None), nullcontext
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:

        @contextmanager
        def hidden() -> Iterator[None]:
            status.stop()
            yield
            status.start()

        yield status.update, hidden


@contextmanager
def working_on_each(names: Iterable[str]) -> Iterator[Mapping[str, Progress]]:
    """Yield, for each of several parallel jobs, a function that shows its current step.

    Args:
        names: The label of each job.
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
    """Print an error on standard error: what happened, why, and what to do."""
    click.secho("error", fg="red", bold=True, nl=False, err=True)
    click.echo(f": {error.message}", err=True)
    if error.cause:
        click.echo(f"cause: {error.cause}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def show_log(line: str) -> None:
    """Print a line of a function's log on standard error; Lambda's own lines are dimmed."""
    from ferryman.local.lambda_.app_log import is_of_lambda, readable

    for text in readable(line):
        click.secho(text, dim=is_of_lambda(text), err=True)


def announce(text: str) -> None:
    """Print a message on standard error, terminal or not."""
    click.echo(text, err=True)
