"""`ferryman delete`: deletes everything that ferryman made for a project."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.changes import change_data
from ferryman.cli.deployment_command import deployment_verb, opened

__all__ = ("command",)


@deployment_verb("delete")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
def command(dry_run: bool, as_json: bool, **options: Any) -> int:
    """Delete everything that ferryman made for the project, after asking.

    It touches nothing else: on Kubernetes it deletes the objects with the labels that every
    deploy sets, on AWS the stack. Exits with 1 if you answer no.

    \b
    Example:
      ferryman delete -t k8s --dry-run
    """
    with opened("looking for what to delete", dry_run=dry_run, **options) as (deployment, _):
        changes = deployment.delete()
    if as_json:
        click.echo(json.dumps([change_data(change) for change in changes or ()], indent=2))
    elif dry_run:
        for change in changes or ():
            click.echo(f"{change} (dry run)")
    if not changes:
        click.echo("nothing was deleted", err=True)
    return 1 if changes is None else 0
