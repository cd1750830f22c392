"""`ferryman new`: a project whose tests pass, ready for every target."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
    "--ferryman",
    metavar="REQUIREMENT",
    help="What it installs ferryman by; by default where this one came from.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The directory that it is made in; by default this one.",
)
def command(
    name: str | None, target: str | None, python: str, ferryman: str | None, into: Path
) -> int:
    """Make a project: an app, its settings and tests, and a pipeline that deploys it.

    What is not given is asked for on a terminal. An existing directory is left alone. The
    project installs ferryman from where the one that runs was installed: an index, a
    repository, or a directory of this machine, which is then said.

    \b
    Example:
      ferryman new shop
    """
    from ferryman.scaffold.choices import CHOICES
    from ferryman.scaffold.project import NewProject, render_project, write_project
    from ferryman.scaffold.requirement import own_requirement

    asking = sys.stdin.isatty()
    if name is None:
        if not asking:
            raise ConfigError("the project has no name", hint="pass one, as in: ferryman new shop")
        name = str(click.prompt("Name of the project", value_proc=_free_name(into), err=True))
    if target is None:
        target = "lambda"
        if asking:
            choice = click.Choice(_TARGETS)
            target = str(click.prompt("Deploy it to", type=choice, default=target, err=True))
    requirement = ferryman or own_requirement(CHOICES[target].extras)
    files = render_project(NewProject(name, target, python, requirement))
    write_project(files, into / name)
    click.echo(f"{into / name}: {len(files)} files", err=True)
    if "file:" in requirement:
        click.echo(f"note: it installs {requirement}", err=True)
        click.echo("  other machines need another place: [dependency-groups] names it", err=True)
    click.echo(f"next: cd {into / name} && make test, then make dev", err=True)
    return 0


def _free_name(into: Path) -> Callable[[str], str]:
    """Return what a prompt checks a name with; it asks again after a UsageError."""
    from ferryman.scaffold.project import check_name

    def check(text: str) -> str:
        try:
            name = check_name(text.strip())
        except ConfigError as error:
            raise click.UsageError(f"{error.message}: {error.hint}") from None
        if (into / name).exists():
            raise click.UsageError(f"{into / name} exists: choose another name")
        return name

    return check
