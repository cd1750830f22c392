"""`ferryman build -t all`: every target at once, and a table of what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.image_options import image_assignments, makes_image
from ferryman.cli.project_options import open_project
from ferryman.cli.tables import show
from ferryman.cli.talk import report, working, working_on_each
from ferryman.core.tables import Table

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.build.target import Target
    from ferryman.core.build.together import Outcome

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
    """Build for every installed target, and end with the status of the first that failed.

    Args:
        out: The directory of the targets' directories; by default dist in the project's.
        switches: Settings to switch on, in the sections that have them.
        image: What was chosen of the image, by setting, for the targets that make one.
        measure: Whether what was built is started too, to tell how long that takes.
        as_json: Whether the outcomes are printed as JSON.
        options: Those of every verb on a project.
    """
    from ferryman.core.build.artifact import refuse_work_of_others
    from ferryman.core.build.target import installed_targets
    from ferryman.core.build.together import build_together

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
    for one in outcomes:
        for lack in one.artifact.lacks if one.artifact else ():
            click.echo(f"note: {one.target}: {lack}", err=True)
    errors = [(one.target, one.error) for one in outcomes if one.error]
    for name, error in errors:
        click.echo(f"{name}:", err=True)
        report(error)
    if errors:
        click.get_current_context().exit(errors[0][1].exit_code)


def _assignments(
    name: str, target: Target, switches: Iterable[str], image: Mapping[str, object]
) -> tuple[str, ...]:
    """Return what was chosen as assignments of a target's settings, as far as it has them."""
    fields = target.options.model_fields
    chosen = tuple(f"{name}.{switch}=true" for switch in switches if switch in fields)
    return chosen + (image_assignments(name, image) if makes_image(target) else ())


def _start(project: Project, outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Start what was built, and return the milliseconds by target; say so if it does not."""
    import asyncio

    from ferryman.core.errors import FerrymanError
    from ferryman.measure.starting import start_times

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
        _size(artifact.size),
        _size(artifact.unpacked) if artifact.unpacked else "",
        reused,
        seconds,
    )


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.1f} KiB"


def _as_data(outcome: Outcome, starts: Mapping[str, float] | None) -> dict[str, object]:
    started = {} if starts is None else {"start_ms": starts.get(outcome.target)}
    return started | {
        "target": outcome.target,
        "seconds": round(outcome.seconds, 3),
        "reused": outcome.reused,
        "artifact": asdict(outcome.artifact) if outcome.artifact else None,
        "error": outcome.error.message if outcome.error else None,
    }
