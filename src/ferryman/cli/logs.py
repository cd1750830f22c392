"""`ferryman logs`: what the app wrote where it runs."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.cluster_options import cluster_options, open_operations
from ferryman.core.errors import ConfigError

__all__ = ("command",)


@click.command()
@cluster_options
@click.option("--tail", default=100, show_default=True, help="How many lines of each pod.")
@click.option("--previous", is_flag=True, help="Of the container that ran before a restart.")
@click.option("-f", "--follow", is_flag=True, help="Go on, line by line, until Ctrl-C.")
def command(tail: int, previous: bool, follow: bool, **options: Any) -> None:
    """Print the last lines of each pod of the newest release.

    \b
    Example:
      ferryman logs -t k8s --tail 20
    """
    if follow and previous:
        raise ConfigError("--follow and --previous: what ran before writes no more")
    operations = open_operations(**options)
    if follow:
        for pod, line in operations.follow(lines=tail):
            click.echo(f"{pod}  {line}")
        return
    found = operations.logs(lines=tail, previous=previous)
    for pod, text in found.items():
        for line in text.splitlines():
            click.echo(f"{pod}  {line}")
    if not any(found.values()):
        click.echo(f"nothing was written by {', '.join(found) or 'any pod'}", err=True)
