"""`ferryman status`: the state of a deployed project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.changes import release_data, release_line
from ferryman.cli.deployment_command import deployment_verb, opened

if TYPE_CHECKING:
    from ferryman.targets.deployment import Status

__all__ = ("command",)


@deployment_verb("status")
def command(as_json: bool, **options: Any) -> int:
    """Show the running release, and the releases you can roll back to.

    Exits with 0 if the newest release has taken over, otherwise with 1.

    \b
    Example:
      ferryman status -t k8s
    """
    with opened("reading the state", **options) as (deployment, _):
        status = deployment.status()
    if as_json:
        click.echo(json.dumps(_data(status), indent=2))
    else:
        _print(status)
    return 0 if status.good else 1


def _data(status: Status) -> dict[str, object]:
    return {
        "good": status.good,
        "summary": status.summary,
        "troubles": status.troubles,
        "releases": [release_data(release) for release in status.releases],
    }


def _print(status: Status) -> None:
    click.echo(f"{'good' if status.good else 'not good'}: {status.summary}")
    for trouble in status.troubles:
        click.echo(f"  {trouble}")
    shares_known = any(release.share is not None for release in status.releases)
    for number, release in enumerate(status.releases):
        serving = bool(release.share) if shares_known else number == 0
        click.echo(f"{'*' if serving else ' '} {release_line(release)}")
    for address in {release.address for release in status.releases if release.address}:
        click.echo(f"  {address}")
