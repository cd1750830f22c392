"""`ferryman status`: how a project is where it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.cluster_options import cluster_options, open_operations

if TYPE_CHECKING:
    from ferryman.targets.k8s.cluster.operations import Overview

__all__ = ("command",)


@click.command()
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(as_json: bool, **options: Any) -> int:
    """Show what runs, and which releases can be gone back to.

    Ends with 0 if the newest release has taken over, else with 1.

    \b
    Example:
      ferryman status -t k8s
    """
    overview = open_operations(**options).status()
    if as_json:
        click.echo(json.dumps(_data(overview), indent=2))
    else:
        _print(overview)
    return 0 if overview.good else 1


def _data(overview: Overview) -> dict[str, object]:
    releases = [
        {"revision": r.number, "version": r.version, "image": r.image} for r in overview.revisions
    ]
    return {
        "good": overview.good,
        "rollout": overview.line,
        "troubles": overview.troubles,
        "releases": releases,
    }


def _print(overview: Overview) -> None:
    click.echo(f"{'good' if overview.good else 'not good'}: {overview.line}")
    for trouble in overview.troubles:
        click.echo(f"  {trouble}")
    for number, release in enumerate(overview.revisions):
        mark = "*" if number == 0 else " "
        click.echo(f"{mark} release {release.number}  {release.version}  {release.image}")
