"""`ferryman build`: the app becomes an artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from ferryman.cli.image_options import image_assignments, image_options, makes_image
from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.talk import working
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.build.target import Target

__all__ = ("command",)


class _Table(Protocol):
    """What can be printed for people and for programs."""

    def to_text(self) -> str: ...
    def to_json(self) -> str: ...


@click.command()
@target_option
@project_options
@click.option(
    *("-o", "--out"),
    type=click.Path(path_type=Path),
    help="The directory to write; by default dist/<target> in the project's. For k8s, - prints.",
)
@click.option("--strict", is_flag=True, help="For k8s: refuse an image without a digest.")
@click.option("--explain", is_flag=True, help="Print what takes the space, and what was left out.")
@click.option("--profile", is_flag=True, help="Print what the app's imports cost at a cold start.")
@click.option(
    "--measure", is_flag=True, help="With -t all: tell how long each takes to start here."
)
@click.option("--systemd", is_flag=True, help="For server: a systemd unit, and no Dockerfile.")
@image_options
@click.option("--json", "as_json", is_flag=True, help="Print the artifact's description as JSON.")
def command(
    target: str,
    out: Path | None,
    strict: bool,
    systemd: bool,
    explain: bool,
    profile: bool,
    measure: bool,
    as_json: bool,
    image: Mapping[str, object],
    **options: Any,
) -> None:
    """Build the app for a target, into dist/<target>; for every target, by -t all.

    The directory is replaced whole, or left as it was if the build fails. Beside it,
    dist/<target>.json describes the artifact: digest, size, how to start it.

    \b
    Examples:
      ferryman build -t lambda --python 3.13 --set lambda.architecture=x86_64
      ferryman build -t server --image --push ghcr.io/me/shop:1.2.3
      ferryman build -t all
    """
    from ferryman.core.build.artifact import alone, refuse_work_of_others, write_description

    if explain and profile:
        raise click.UsageError("--explain and --profile print two tables: ask for one at a time")
    if image and (explain or profile):
        raise click.UsageError("--explain and --profile tell of a zip, and not of an image")
    switches = [name for name, chosen in (("strict", strict), ("systemd", systemd)) if chosen]
    if target == "all":
        if explain or profile or "push" in image or out == Path("-"):
            raise click.UsageError("--explain, --profile, --push and --out - are of one target")
        from ferryman.cli.build_all import build_all

        build_all(out, switches, image, measure, as_json, **options)
        return
    if measure:
        raise click.UsageError("--measure is for -t all; `ferryman measure` tells more of one")
    options["assignments"] += _switched_on(target, switches, image)
    chosen, project = open_target(target, **options)
    if out == Path("-"):
        _print_text(chosen, project)
        return
    if out is None:
        out = project.root / "dist" / chosen.name
    else:
        out = out.resolve()
        refuse_work_of_others(out, project.root, chosen.name)
    with working(f"building for {chosen.name}") as progress, alone(project.root):
        table: _Table | None = None
        if explain:
            artifact, table = _ability(chosen, "explain")(project, out, progress)
        else:
            timed = _ability(chosen, "profile") if profile else None
            artifact = chosen.build(project, out, progress)
            table = timed(project, artifact) if timed else None
        write_description(artifact, out)
    if table:
        click.echo(table.to_json() if as_json else table.to_text(), nl=False)
    elif as_json:
        click.echo(artifact.to_json(), nl=False)
    else:
        size = f"{artifact.size / 2**20:.1f} MiB" if artifact.size > 2**20 else f"{artifact.size} B"
        click.echo(f"{artifact.path}  {size}  {artifact.digest}")
        click.echo(f"start: {artifact.start}", err=True)
    for lack in artifact.lacks if not table else ():
        click.echo(f"note: {lack}", err=True)


def _switched_on(
    target: str, switches: Sequence[str], image: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the assignments of settings that have a flag of their own.

    Raises:
        ConfigError: The target has no such setting.
    """
    from ferryman.core.build.target import find_target

    chosen = find_target(target)
    for name in switches:
        if name not in chosen.options.model_fields:
            raise ConfigError(f"--{name}: the target {target} has no such setting")
    if image and not makes_image(chosen):
        raise ConfigError(f"the target {target} makes no image", hint="`-t server` does")
    return (
        *image_assignments(target, image),
        *(f"{target}.{name}=true" for name in switches),
    )


def _ability(target: Target, name: str) -> Callable[..., Any]:
    """Return a method that not every target has.

    Raises:
        ConfigError: This one has it not.
    """
    method: Callable[..., Any] | None = getattr(target, name, None)
    if method is None:
        raise ConfigError(f"--{name}: the target {target.name} cannot do that")
    return method


def _print_text(target: Target, project: Project) -> None:
    """Print what a target builds, if that is text."""
    render = getattr(target, "render", None)
    if render is None:
        raise ConfigError(f"--out -: what {target.name} builds is no text", hint="name a directory")
    with working(f"building for {target.name}") as progress:
        click.echo(render(project, progress), nl=False)
