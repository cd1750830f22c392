"""`ferryman new`: makes a project whose tests pass on every target."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from ferryman.core.errors import ConfigError
from ferryman.records.wording import counted

__all__ = ("command",)


@click.command()
@click.argument("name", required=False)
@click.option(
    "-t",
    "--target",
    metavar="TARGET",
    help="The target that the pipeline deploys to; by default lambda.",
)
@click.option(
    "--python",
    metavar="X.Y",
    default="3.13",
    show_default=True,
    help="The Python version to build for.",
)
@click.option(
    "--pipeline",
    type=click.Choice(["github", "none"]),
    default="github",
    show_default=True,
    help="The CI service of the pipeline.",
)
@click.option(
    "--ferryman",
    metavar="REQUIREMENT",
    help="The requirement by which the project installs ferryman; by default the source of this "
    "installation.",
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The directory in which to make the project; by default the current one.",
)
def command(
    name: str | None,
    target: str | None,
    python: str,
    pipeline: str,
    ferryman: str | None,
    into: Path,
) -> int:
    """Make a project: an app, its settings and tests, and a pipeline that deploys it.

    On a terminal the command asks for the name and the target if you do not give them. It does not
    touch an existing directory. The pipeline runs the tests on each target, comments the new bill
    on pull requests, and deploys. The project installs ferryman from the same source as this
    installation: an index, a repository, or a directory of this machine.

    \b
    Example:
      ferryman new shop
    """
    from ferryman.scaffold.new_project import NewProject, render_project, write_project
    from ferryman.scaffold.pipelines import pipeline_for
    from ferryman.scaffold.requirement import own_requirement
    from ferryman.targets.registry import find_target, installed_targets

    asking = sys.stdin.isatty()
    if name is None:
        if not asking:
            raise ConfigError("the project has no name", hint="pass one, as in: ferryman new shop")
        name = str(click.prompt("Name of the project", value_proc=_free_name(into), err=True))
    if target is None:
        target = "lambda"
        if asking:
            choice = click.Choice([*installed_targets()])
            target = str(click.prompt("Deploy it to", type=choice, default=target, err=True))
    find_target(target)
    requirement = ferryman or own_requirement(pipeline_for(target).extras)
    files = render_project(NewProject(name, target, python, requirement, pipeline == "github"))
    write_project(files, into / name)
    click.echo(f"{into / name}: {counted(len(files), 'file')}", err=True)
    if "file:" in requirement:
        click.echo(f"note: the project installs {requirement}", err=True)
        click.echo("  other machines do not have it: change it in [dependency-groups]", err=True)
    click.echo(f"next: cd {into / name} && make test, then make dev", err=True)
    return 0


def _free_name(into: Path) -> Callable[[str], str]:
    """Return the check of a prompt for a name; click asks again after a UsageError."""
    from ferryman.scaffold.new_project import check_name

    def check(text: str) -> str:
        try:
            name = check_name(text.strip())
        except ConfigError as error:
            raise click.UsageError(f"{error.message}: {error.hint}") from None
        if (into / name).exists():
            raise click.UsageError(f"{into / name} exists: choose another name")
        return name

    return check
