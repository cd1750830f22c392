"""`ferryman diff`: what a deploy would change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.cluster_options import cluster_options, open_operations
from ferryman.core.errors import FerrymanError

if TYPE_CHECKING:
    from ferryman.targets.k8s.cluster.changes import Change

__all__ = ("command",)

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@cluster_options
@click.option("--adopt", is_flag=True, help="Also compare objects that ferryman did not make.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def command(adopt: bool, as_json: bool, **options: Any) -> int:
    """Show what a deploy would change in the cluster.

    The cluster itself is asked, by a server-side dry run, so its defaults and webhooks
    count. Ends with 0 if nothing would change, 1 if something would, 2 if it cannot be
    told.

    \b
    Example:
      ferryman diff -t k8s --context staging
    """
    try:
        changes = open_operations(**options).diff(adopt=adopt)
    except FerrymanError as error:
        error.exit_code = 2
        raise
    if as_json:
        click.echo(json.dumps([_data(change) for change in changes], indent=2))
    else:
        for change in changes:
            _print(change)
    return 1 if changes else 0


def _data(change: Change) -> dict[str, object]:
    return {
        "action": change.action.value,
        "kind": change.kind.name,
        "name": change.name,
        "diff": change.lines,
        "conflicts": [{"field": field, "owner": owner} for field, owner in change.conflicts],
    }


def _print(change: Change) -> None:
    click.secho(str(change), bold=True)
    for line in change.lines:
        click.secho(line, fg=_COLOURS.get(line[:1]))
    for field, owner in change.conflicts:
        click.echo(f"conflict: {field} is {owner}'s; `deploy --force` takes it over", err=True)
