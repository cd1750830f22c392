"""What a command says while it works: on standard error, and on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferryman.core.build.target import Progress

__all__ = ("announce", "working")


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


def announce(text: str) -> None:
    """Say something that whoever started the command waits for, terminal or not."""
    click.echo(text, err=True)
