"""Builds a project for several targets at once. A failed build does not affect the others."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ferryman.building.artifact import Artifact, alone, read_description, write_description
from ferryman.core.app_reference import AppModuleBroken, AppModuleMissing
from ferryman.core.errors import FerrymanError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.protocols import Target

__all__ = ("Outcome", "build_together")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of the build for one target.

    Attributes:
        target: The target's name.
        seconds: How long the build took.
        artifact: The artifact, if the build succeeded.
        reused: Layers shared with the previous build; None if no image was built.
        error: Why it failed, if it did.
    """

    target: str
    seconds: float
    artifact: Artifact | None = None
    reused: int | None = None
    error: FerrymanError | None = None


def build_together(
    project: Project,
    targets: Iterable[Target],
    out: Path,
    progress: Mapping[str, Progress],
) -> tuple[Outcome, ...]:
    """Build a project for each target, into a directory named after it.

    Threads are enough, because resolvers, compilers and strippers run in their own processes.

    Args:
        project: The project.
        targets: The targets.
        out: The directory of the targets' directories.
        progress: For each target, called with each step.

    Returns:
        The result of each, in the order of the targets.
    """
    chosen = list(targets)
    with alone(project.root), ThreadPoolExecutor(max(1, len(chosen))) as threads:
        return tuple(
            threads.map(
                lambda target: _build(project, target, out / target.name, progress[target.name]),
                chosen,
            )
        )


def _build(project: Project, target: Target, out: Path, progress: Progress) -> Outcome:
    began = time.monotonic()
    before = read_description(target.name, out)
    try:
        artifact = target.build(project, out, progress)
        write_description(artifact, out)
    except FerrymanError as error:
        if isinstance(error, AppModuleBroken | AppModuleMissing):
            error.exit_code = 1  # the exit status of a build for one target
        progress("failed")
        return Outcome(target.name, time.monotonic() - began, error=error)
    progress("done")
    reused = len({*artifact.layers} & {*before.layers}) if before else 0
    return Outcome(
        target.name,
        time.monotonic() - began,
        artifact,
        reused if artifact.layers else None,
    )
