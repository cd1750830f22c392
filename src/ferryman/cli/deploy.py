"""`ferryman deploy`: makes a release of the project and watches its rollout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.changes import change_data, print_changes, release_data, release_line
from ferryman.cli.deployment_command import deployment_verb, opened

if TYPE_CHECKING:
    from ferryman.targets.deployment import Change, Dialogue, Plan, Release

__all__ = ("command",)


@deployment_verb("deploy")
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
def command(dry_run: bool, as_json: bool, **options: Any) -> int:
    """Deploy the project, and wait until the rollout is complete.

    It shows the changes first. On AWS (lambda, server) it asks before it makes them; on
    Kubernetes it applies them server-side, and asks before it deletes anything. If the rollout
    fails, the command says why.

    \b
    Examples:
      ferryman deploy -t lambda --canary 5%
      ferryman deploy -t server --env production
      ferryman deploy -t k8s --env prod --rollback-on-failure
    """
    with opened("comparing with the running release", dry_run=dry_run, **options) as (
        deployment,
        dialogue,
    ):
        plan = deployment.plan()
        agreed = not dry_run and _agreed(plan, dialogue)
        release = deployment.apply(plan) if agreed else None
        if not agreed:
            deployment.discard(plan)
    if as_json:
        _print_json(plan.changes, release)
    elif dry_run:
        for change in plan.changes:
            click.echo(f"{change} (dry run)")
    elif release:
        click.echo(release_line(release))
        if release.address:
            click.echo(release.address)
    if not plan.changes:
        click.echo("nothing to change", err=True)
    return 0 if agreed or dry_run else 1


def _agreed(plan: Plan, dialogue: Dialogue) -> bool:
    if plan.question is None:
        return True
    print_changes(plan.changes, err=True)
    return dialogue.ask(plan.question)


def _print_json(changes: Sequence[Change], release: Release | None) -> None:
    data = {
        "changes": [change_data(change) for change in changes],
        "release": release_data(release) if release else None,
    }
    click.echo(json.dumps(data, indent=2))
