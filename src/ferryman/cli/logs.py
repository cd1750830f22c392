"""`ferryman logs`: prints the log of the deployed app."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.deployment_command import deployment_verb, opened

__all__ = ("command",)


@deployment_verb("logs")
@click.option(
    "--tail",
    metavar="LINES",
    default=100,
    show_default=True,
    help="How many lines to show of each pod or log stream.",
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
def command(tail: int, follow: bool, as_json: bool, **options: Any) -> None:
    """Print the last lines of the app's log, each with its pod or log stream.

    \b
    Example:
      ferryman logs -t k8s --tail 20
    """
    with opened("reading the logs", **options) as (deployment, _):
        lines = deployment.logs(tail, follow=follow)
    count = 0
    for count, line in enumerate(lines, 1):  # noqa: B007 - the count is printed
        if as_json:
            click.echo(json.dumps({"source": line.source, "text": line.text}))
        else:
            click.echo(f"{line.source}  {line.text}")
    if not count:
        click.echo("the logs are empty", err=True)
