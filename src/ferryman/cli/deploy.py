"""`ferryman deploy`: a project becomes what runs, and is watched until it is good."""

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
@click.option("--force", is_flag=True, help="Take over fields that others manage.")
@click.option("--adopt", is_flag=True, help="Take over objects that ferryman did not make.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Watch the rollout.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=300,
    show_default=True,
    help="Seconds until the rollout must be good.",
)
@click.option("--rollback-on-failure", is_flag=True, help="Go back if it does not become good.")
def command(
    dry_run: bool,
    yes: bool,
    force: bool,
    adopt: bool,
    wait: bool,
    timeout: float,
    rollback_on_failure: bool,
    **options: Any,
) -> None:
    """Apply the project to the cluster, and stay until it is good.

    It is applied server-side: a field that someone else manages is left alone, and named.
    What an earlier deploy made and this one does not is deleted in the end, after asking.
    Where the release does not become good, the reason is told.

    \b
    Example:
      ferryman deploy -t k8s --env prod --rollback-on-failure
    """
    from ferryman.targets.k8s.cluster.operations import DeployWishes

    wishes = DeployWishes(dry_run, force, adopt, wait, timeout, rollback_on_failure)
    changes = open_operations(**options).deploy(wishes, asking(yes))
    for change in changes if dry_run else ():
        click.echo(f"{change} (dry run)")
    if not changes:
        click.echo("nothing to change", err=True)
