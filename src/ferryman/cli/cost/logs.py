"""The flag ``--logs``: several paths after it, and how far the reading is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.core.tables import Table
from ferryman.cost.traffic.found import Found
from ferryman.cost.traffic.reading import read_logs
from ferryman.cost.traffic.sources import STDIN, find_sources
from ferryman.cost.traffic.summary import found_rows

__all__ = ("find_workload", "found_table", "read_paths", "spread")

_MANY = ("--logs", "--reconcile")
"""Flags that take all the paths that follow."""


def spread(arguments: Iterable[str], commands: Collection[str]) -> list[str]:
    """Return the arguments with ``--logs a b`` written as ``--logs a --logs b``.

    Args:
        arguments: Of the command line.
        commands: Names that end the paths, unless there are files of that name.
    """
    found: list[str] = []
    flag = ""
    for argument in arguments:
        is_path = argument == STDIN or not argument.startswith("-")
        is_first = bool(found) and found[-1] == flag
        if flag and is_path and not is_first and argument in commands:
            is_path = Path(argument).exists()
        if flag and is_path and not is_first:
            found += [flag, argument]
            continue
        if not is_path or not is_first:
            flag = argument if argument in _MANY else ""
        found.append(argument)
    return found


def find_workload(flags: dict[str, Any], given: Collection[str]) -> Found | None:
    """Return what the logs say that the flags name; ``None`` if they name none.

    Raises:
        ConfigError: The logs cannot be read, or two places of them are named.
    """
    paths, group = flags["logs"], flags["log_group"]
    if paths and group:
        raise ConfigError(
            "--logs and --log-group exclude each other", hint="read files, or ask CloudWatch"
        )
    if group:
        from ferryman.cli.cost.insights import ask_insights

        region = flags["region"] if "region" in given else None
        return ask_insights(group, flags["since"], region, flags["profile"])
    return read_paths(paths, flags["log_format"]) if paths else None


def read_paths(paths: Iterable[str], only: str | None) -> Found:
    """Return what the logs at these paths say; shows how far it is on a terminal.

    Raises:
        ConfigError: They cannot be read.
    """
    sources = find_sources(paths)
    with _progress(sum(source.size for source in sources)) as watch:
        return read_logs(sources, only, watch)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object]]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("reading logs", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total or None)
        yield lambda size: progress.advance(task, size)


def found_table(found: Found) -> Table:
    """Return what was found, to be printed before anything that follows from it."""
    return Table(f"Found in {found.name}", (), found_rows(found))
