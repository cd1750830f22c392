"""`ferryman delete`: all that ferryman made for a project goes."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.cluster_options import (
    asking,
    cluster_options,
    dry_run_option,
    open_operations,
    yes_option,
)

__all__ = ("command",)


@click.command()
@cluster_options
@dry_run_option
@yes_option
def command(dry_run: bool, yes: bool, **options: Any) -> None:
    """Delete from the cluster all that ferryman made for the project, after asking.

    It goes by the labels that every deploy sets; nothing else is touched.

    \b
    Example:
      ferryman delete -t k8s --dry-run
    """
    changes = open_operations(**options).delete(dry_run=dry_run, ask=asking(yes))
    for change in changes if dry_run else ():
        click.echo(f"{change} (dry run)")
    if not changes:
        click.echo("nothing was deleted", err=True)
