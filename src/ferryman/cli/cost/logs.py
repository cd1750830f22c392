"""The flag ``--logs``: takes several paths, and shows the progress of reading."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ferryman.cli.cost.options import about
from ferryman.cli.cost.workload_options import TrafficOptions
from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.formats.durations import UNITS
from ferryman.cost.traffic.log_files import STDIN, find_sources
from ferryman.cost.traffic.log_summary import LogSummary
from ferryman.cost.traffic.log_tables import log_rows
from ferryman.cost.traffic.reading import read_logs
from ferryman.records.table import Table

__all__ = ("log_table", "read_paths", "read_workload_logs", "spread")

_MANY = ("--logs", "--reconcile")
"""Flags that take all paths after them."""


def spread(arguments: Iterable[str], commands: Collection[str]) -> list[str]:
    """Return the arguments with ``--logs a b`` written as ``--logs a --logs b``.

    Args:
        arguments: The arguments of the command line.
        commands: Names of commands that end the paths, unless a file has that name.
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


def read_workload_logs(traffic: TrafficOptions, region: str | None) -> LogSummary | None:
    """Return the figures from the logs that the options name; ``None`` if they name no logs.

    Args:
        traffic: The options.
        region: The region of a log group; ``None`` for that of the profile.

    Raises:
        ConfigError: The logs cannot be read, or two sources of logs are named.
    """
    if traffic.logs and traffic.log_group:
        raise ConfigError(
            "--logs and --log-group exclude each other", hint="read files, or ask CloudWatch"
        )
    if traffic.log_group:
        from ferryman.cli.cost.insights import ask_insights

        with about("--log-group"):
            return ask_insights(traffic.log_group, traffic.since, region, traffic.profile)
    with about("--logs"):
        return read_paths(traffic.logs, traffic) if traffic.logs else None


def read_paths(paths: Iterable[str], traffic: TrafficOptions) -> LogSummary:
    """Return the figures from the logs at some paths; shows progress on a terminal.

    Raises:
        ConfigError: The logs cannot be read.
    """
    sources = find_sources(paths)
    with _progress(sum(source.size for source in sources)) as watch:
        bare = UNITS[traffic.log_duration] if traffic.log_duration else None
        return read_logs(sources, traffic.log_format, watch, bare)


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


def log_table(logs: LogSummary) -> Table:
    """Return the figures from logs as a table."""
    return Table(f"Read from {logs.name}", (), log_rows(logs))
