"""`ferryman new`: a project whose tests pass, ready for every target."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ferryman.core.errors import ConfigError

__all__ = ("command",)

_TARGETS = ("lambda", "server", "k8s")


@click.command()
@click.argument("name", required=False)
@click.option("-t", "--target", type=click.Choice(_TARGETS), help="Where its pipeline deploys to.")
@click.option("--python", default="3.13", show_default=True, help="The Python it is built for.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The directory that it is made in; by default this one.",
)
def command(name: str | None, target: str | None, python: str, into: Path) -> int:
    """Make a project: an app, its settings and tests, and a pipeline that deploys it.

    What is not given is asked for on a terminal. An existing directory is left alone.

    \b
    Example:
      ferryman new shop
    """
    from ferryman.scaffold.project import NewProject, render_project, write_project

    asking = sys.stdin.isatty()
    if name is None:
        if not asking:
            raise ConfigError("the project has no name", hint="pass one, as in: ferryman new shop")
        name = str(click.prompt("Name"))
    if target is None:
        choice = click.Choice(_TARGETS)
        target = str(click.prompt("Target", type=choice, default="lambda")) if asking else "lambda"
    files = render_project(NewProject(name, target, python))
    write_project(files, into / name)
    click.echo(f"{into / name}: {len(files)} files", err=True)
    click.echo(f"next: cd {into / name} && make test", err=True)
    return 0
