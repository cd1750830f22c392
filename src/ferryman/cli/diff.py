"""`ferryman diff`: what a deploy would change."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.changes import change_data, print_changes
from ferryman.cli.deployment_command import deployment_verb, opened
from ferryman.core.errors import FerrymanError

__all__ = ("command",)


@deployment_verb("diff")
def command(as_json: bool, **options: Any) -> int:
    """Show what a deploy would change.

    The platform itself computes the changes: Kubernetes by a server-side dry run, AWS by a change
    set. Exits with 0 if nothing would change, 1 if something would, 2 if the platform cannot tell.

    \b
    Example:
      ferryman diff -t k8s --context staging
    """
    try:
        with opened("comparing with the running release", dry_run=True, **options) as (
            deployment,
            _,
        ):
            plan = deployment.plan()
            deployment.discard(plan)
    except FerrymanError as error:
        error.exit_code = 2
        raise
    if as_json:
        click.echo(json.dumps([change_data(change) for change in plan.changes], indent=2))
    else:
        print_changes(plan.changes)
    return 1 if plan.changes else 0
