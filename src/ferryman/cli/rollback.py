"""`ferryman rollback`: an older release runs again."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.cluster_options import cluster_options, dry_run_option, open_operations

__all__ = ("command",)


@click.command()
@cluster_options
@dry_run_option
@click.option("--to", "wanted", type=int, help="The release's number; by default the one before.")
@click.option("--force", is_flag=True, help="Take over fields that others manage.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Watch the rollout.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    help="Seconds until the rollout must be good.",
)
def command(
    dry_run: bool, wanted: int | None, force: bool, wait: bool, timeout: float, **options: Any
) -> None:
    """Go back to an older release, and stay until it is good.

    Pods, image and plain settings come back as they were. `ferryman status` lists the
    releases with their numbers.

    \b
    Example:
      ferryman rollback -t k8s --to 3
    """
    from ferryman.targets.k8s.cluster.operations import DeployWishes

    wishes = DeployWishes(dry_run=dry_run, force=force, wait=wait, timeout=timeout)
    chosen = open_operations(**options).rollback(wanted, wishes)
    mark = " (dry run)" if dry_run else ""
    click.echo(f"release {chosen.number}  {chosen.version}  {chosen.image}{mark}")
