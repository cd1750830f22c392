"""`ferryman rollback`: runs an older release again."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.changes import release_data, release_line
from ferryman.cli.deployment_command import deployment_verb, opened

__all__ = ("command",)


@deployment_verb("rollback")
@click.option("--dry-run", is_flag=True, help="Print the release, and change nothing.")
@click.option(
    "--to",
    "wanted",
    metavar="RELEASE",
    help="The release, as `status` lists it; by default the last good one.",
)
def command(dry_run: bool, wanted: str | None, as_json: bool, **options: Any) -> None:
    """Roll back to an older release, and wait until it runs.

    The release runs as before: its code, and on Kubernetes its pods and plain settings too.
    `ferryman status` lists the releases.

    \b
    Example:
      ferryman rollback -t k8s --to 3
    """
    with opened("rolling back", dry_run=dry_run, **options) as (deployment, _):
        release = deployment.rollback(wanted)
    if as_json:
        click.echo(json.dumps({"release": release_data(release), "dry_run": dry_run}, indent=2))
    else:
        click.echo(release_line(release) + (" (dry run)" if dry_run else ""))
