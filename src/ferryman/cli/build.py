"""`ferryman build`: makes an artifact of the app."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from ferryman.cli.build_ending import ending_build, tell_next
from ferryman.cli.garbage import without_garbage_collection
from ferryman.cli.image_options import image_assignments, image_options, makes_image
from ferryman.cli.portability_check import gravest_lines
from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.terminal import working
from ferryman.core.errors import ConfigError
from ferryman.records.wording import size_text

if TYPE_CHECKING:
    from ferryman.building.artifact import Artifact
    from ferryman.project.project import Project
    from ferryman.targets.protocols import Target

__all__ = ("REPORTED_BY_BUILD", "command", "in_short")

# How many of the files that were left out the last lines of a build name.
_SHOWN = 4


REPORTED_BY_BUILD = frozenset({"M305"})
"""Codes of findings that a build reports itself, because it starts the app."""


class _Table(Protocol):
    """A table that prints for people or as JSON."""

    def to_text(self) -> str: ...
    def to_json(self) -> str: ...


@click.command()
@target_option
@project_options
@click.option(
    *("-o", "--out"),
    type=click.Path(path_type=Path),
    help="The directory to write; by default dist/<target> in the project. For k8s, - prints the "
    "manifests.",
)
@click.option("--strict", is_flag=True, help="For k8s: refuse an image without a digest.")
@click.option("--explain", is_flag=True, help="Print what takes up space and what was left out.")
@click.option(
    "--profile", is_flag=True, help="Print how long the app's imports take at a cold start."
)
@click.option(
    "--measure",
    is_flag=True,
    help="With -t all: print how long each artifact takes to start on this machine.",
)
@click.option(
    "--systemd", is_flag=True, help="For server: write a systemd unit instead of a Dockerfile."
)
@image_options
@click.option(
    "--outputs",
    type=click.Path(dir_okay=False, path_type=Path),
    help="For lambda: write the values that Terraform or CDK need to this file, as JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the artifact's description as JSON.")
@without_garbage_collection()
def command(
    target: str,
    out: Path | None,
    strict: bool,
    systemd: bool,
    explain: bool,
    profile: bool,
    measure: bool,
    outputs: Path | None,
    as_json: bool,
    image: Mapping[str, object],
    **options: Any,
) -> None:
    """Build the app for a target, into dist/<target>; with -t all, for every target.

    A build that succeeds replaces the directory; one that fails leaves it as it was. The file
    dist/<target>.json beside it describes the artifact: its digest, its size, how to start it.

    \b
    Examples:
      ferryman build -t lambda --python 3.13 --set lambda.architecture=x86_64
      ferryman build -t server --image --push ghcr.io/me/shop:1.2.3
      ferryman build -t all
    """
    from ferryman.building.artifact import refuse_work_of_others
    from ferryman.targets.protocols import TellsOutputs

    _refuse_combinations(target, out, explain, profile, measure, outputs, image)
    switches = [name for name, chosen in (("strict", strict), ("systemd", systemd)) if chosen]
    if target == "all":
        from ferryman.cli.build_all import build_all

        build_all(out, switches, image, measure, as_json, **options)
        return
    options["assignments"] += _switched_on(target, switches, image)
    chosen, project = open_target(target, **options)
    if outputs and not isinstance(chosen, TellsOutputs):
        raise _unable(chosen, "--outputs")
    if out == Path("-"):
        _print_text(chosen, project)
        return
    if out is None:
        out = project.root / "dist" / chosen.name
    else:
        out = out.resolve()
        refuse_work_of_others(out, project.root, chosen.name)
    artifact, table = _build(chosen, project, out, explain, profile)
    if outputs and isinstance(chosen, TellsOutputs):
        from ferryman.records.atomic_file import write_whole

        write_whole(outputs, json.dumps(chosen.outputs(project, artifact), indent=2) + "\n")
    if table:
        click.echo(table.to_json() if as_json else table.to_text(), nl=False)
    else:
        _print_artifact(chosen, project, artifact, as_json)


def _refuse_combinations(
    target: str,
    out: Path | None,
    explain: bool,
    profile: bool,
    measure: bool,
    outputs: Path | None,
    image: Mapping[str, object],
) -> None:
    """Check that no two options contradict each other.

    Raises:
        click.UsageError: Two options contradict each other.
    """
    if explain and profile:
        raise click.UsageError("--explain and --profile each print a table: pass one of them")
    if image and (explain or profile):
        raise click.UsageError("--explain and --profile describe a zip, not an image")
    if target != "all":
        if measure:
            raise click.UsageError("--measure is for -t all; for one target run `ferryman measure`")
    elif explain or profile or outputs or "push" in image or out == Path("-"):
        raise click.UsageError(
            "--explain, --profile, --outputs, --push and --out - need one target"
        )


def _build(
    target: Target, project: Project, out: Path, explain: bool, profile: bool
) -> tuple[Artifact, _Table | None]:
    """Build into a directory, describe the artifact beside it, and return it with its table.

    Raises:
        ConfigError: The target has no such table.
        FerrymanError: The artifact could not be built.
    """
    from ferryman.building.artifact import alone, write_description
    from ferryman.targets.protocols import Explains, Profiles

    table: _Table | None = None
    with working(f"building for {target.name}") as progress, alone(project.root), ending_build():
        if explain:
            if not isinstance(target, Explains):
                raise _unable(target, "--explain")
            artifact, table = target.explain(project, out, progress)
        elif profile:
            if not isinstance(target, Profiles):
                raise _unable(target, "--profile")
            artifact = target.build(project, out, progress)
            table = target.profile(project, artifact)
        else:
            artifact = target.build(project, out, progress)
        write_description(artifact, out)
    return artifact, table


def _print_artifact(target: Target, project: Project, artifact: Artifact, as_json: bool) -> None:
    """Print the artifact, and to standard error its notes and the next commands."""
    if as_json:
        click.echo(artifact.to_json(), nl=False)
    else:
        click.echo(f"{artifact.path}  {size_text(artifact.size)}  {artifact.digest}")
        facts = {"start": artifact.start, "for": artifact.runs_on, "tried": artifact.tried}
        for word, text in facts.items():
            if text:
                click.echo(f"{word}: {text}", err=True)
    unmoved = gravest_lines(project, [target.name], REPORTED_BY_BUILD)[target.name]
    for line in (*in_short(artifact), *artifact.lacks, *unmoved):
        click.echo(f"note: {line}", err=True)
    if not as_json:
        tell_next(artifact, target)


def in_short(artifact: Artifact) -> tuple[str, ...]:
    """Return the files left out of an artifact as one line; the JSON beside it lists all."""
    shown, more = artifact.left_out[:_SHOWN], len(artifact.left_out) - _SHOWN
    if not shown:
        return ()
    rest = f"; and {more} more, which dist/{artifact.target}.json names" if more > 0 else ""
    return (f"left out: {', '.join(shown)}{rest}",)


def _switched_on(
    target: str, switches: Sequence[str], image: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the settings that `--strict`, `--systemd` and the image options set, as assignments.

    Raises:
        ConfigError: The target has no such setting.
    """
    from ferryman.targets.registry import find_target

    chosen = find_target(target)
    for name in switches:
        if name not in chosen.options.model_fields:
            raise ConfigError(f"--{name}: the target {target} has no such setting")
    if image and not makes_image(chosen):
        raise ConfigError(f"the target {target} makes no image", hint="`-t server` makes one")
    return (
        *image_assignments(target, image),
        *(f"{target}.{name}=true" for name in switches),
    )


def _unable(target: Target, flag: str) -> ConfigError:
    return ConfigError(f"{flag}: the target {target.name} cannot do that")


def _print_text(target: Target, project: Project) -> None:
    """Print the artifact of a target that builds text."""
    from ferryman.targets.protocols import Renders

    if not isinstance(target, Renders):
        raise ConfigError(f"--out -: {target.name} does not build a text", hint="name a directory")
    with working(f"building for {target.name}") as progress:
        click.echo(target.render(project, progress), nl=False)
