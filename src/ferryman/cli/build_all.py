"""`ferryman build -t all`: builds every target at once and prints a table of the results."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.build import REPORTED_BY_BUILD, in_short
from ferryman.cli.build_ending import next_commands
from ferryman.cli.image_options import image_assignments, makes_image
from ferryman.cli.portability_check import gravest_lines
from ferryman.cli.printing import show
from ferryman.cli.project_options import open_project
from ferryman.cli.terminal import report, working, working_on_each
from ferryman.records.table import Table
from ferryman.records.wording import size_text

if TYPE_CHECKING:
    from ferryman.building.artifact import Artifact
    from ferryman.project.project import Project
    from ferryman.targets.protocols import Target
    from ferryman.targets.several import Outcome

__all__ = ("build_all",)

_HEADER = ("target", "artifact", "size", "unpacked", "layers as before", "seconds")


def build_all(
    out: Path | None,
    switches: Iterable[str],
    image: Mapping[str, object],
    measure: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Build for every installed target, and return the status of the first that failed.

    Args:
        out: The directory of the targets' directories; by default dist in the project's.
        switches: Settings to switch on, in the sections that have them.
        image: The image options that were given, by setting, for targets that build an image.
        measure: Whether to start each artifact too, and print how long that takes.
        as_json: Whether the outcomes are printed as JSON.
        options: Those of every verb on a project.
    """
    from ferryman.building.artifact import refuse_work_of_others
    from ferryman.targets.registry import installed_targets
    from ferryman.targets.several import build_together

    targets = installed_targets()
    for name, target in targets.items():
        options["assignments"] += _assignments(name, target, switches, image)
    project = open_project(**options, targets=targets)
    directory = out.resolve() if out else project.root / "dist"
    if out:
        for name in targets:
            refuse_work_of_others(directory / name, project.root, name)
    with working_on_each(targets) as progress:
        outcomes = build_together(project, targets.values(), directory, progress)
    starts = _start(project, outcomes) if measure else None
    if as_json:
        click.echo(json.dumps([_as_data(one, starts) for one in outcomes], indent=2))
    else:
        rows = tuple(_row(one, starts) for one in outcomes)
        header = _HEADER if starts is None else (*_HEADER, "start, ms")
        show(Table("What was built", header, rows, frozenset(range(2, len(header)))))
    unmoved = gravest_lines(project, targets, REPORTED_BY_BUILD)
    for one in outcomes:
        if one.artifact:
            for line in (*in_short(one.artifact), *one.artifact.lacks, *unmoved[one.target]):
                click.echo(f"note: {one.target}: {line}", err=True)
    if not as_json:
        for name, target in targets.items():
            _tell(next((one.artifact for one in outcomes if one.target == name), None), target)
    errors = [(one.target, one.error) for one in outcomes if one.error]
    for name, error in errors:
        click.echo(f"{name}:", err=True)
        report(error)
    if errors:
        click.get_current_context().exit(errors[0][1].exit_code)


def _tell(artifact: Artifact | None, target: Target) -> None:
    """Print what an artifact is built for, how far the app was tried, and the next commands."""
    if artifact is None:
        return
    if artifact.runs_on:
        click.echo(f"for: {target.name}: {artifact.runs_on}", err=True)
    if artifact.tried:
        click.echo(f"tried: {target.name}: {artifact.tried}", err=True)
    for command in next_commands(artifact, target):
        click.echo(f"next: {command}", err=True)


def _assignments(
    name: str, target: Target, switches: Iterable[str], image: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the chosen image settings that a target has, as assignments."""
    fields = target.options.model_fields
    chosen = tuple(f"{name}.{switch}=true" for switch in switches if switch in fields)
    return chosen + (image_assignments(name, image) if makes_image(target) else ())


def _start(project: Project, outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Start each artifact and return the milliseconds by target; report those that fail."""
    import asyncio

    from ferryman.core.errors import FerrymanError
    from ferryman.measure.cold_start import start_times

    built = {one.target: one.artifact for one in outcomes if one.artifact}
    with working("starting what was built"):
        found = asyncio.run(start_times(project, built))
    for target, error in found.items():
        if isinstance(error, FerrymanError):
            click.echo(f"{target} was built, and did not start in this environment:", err=True)
            report(error)
    return {name: time for name, time in found.items() if isinstance(time, float)}


def _row(outcome: Outcome, starts: Mapping[str, float] | None) -> tuple[str, ...]:
    cells = _cells(outcome)
    if starts is None:
        return cells
    start = starts.get(outcome.target)
    return (*cells, "" if start is None else f"{start:.0f}")


def _cells(outcome: Outcome) -> tuple[str, ...]:
    artifact = outcome.artifact
    seconds = f"{outcome.seconds:.1f}"
    if artifact is None:
        return (outcome.target, "failed: see below", "", "", "", seconds)
    reused = f"{outcome.reused} of {len(artifact.layers)}" if artifact.layers else ""
    return (
        outcome.target,
        os.path.relpath(artifact.path),
        size_text(artifact.size),
        size_text(artifact.unpacked) if artifact.unpacked else "",
        reused,
        seconds,
    )


def _as_data(outcome: Outcome, starts: Mapping[str, float] | None) -> dict[str, object]:
    started = {} if starts is None else {"start_ms": starts.get(outcome.target)}
    return started | {
        "target": outcome.target,
        "seconds": round(outcome.seconds, 3),
        "reused": outcome.reused,
        "artifact": asdict(outcome.artifact) if outcome.artifact else None,
        "error": outcome.error.message if outcome.error else None,
    }
