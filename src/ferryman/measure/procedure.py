"""A measurement from beginning to end: each target in turn, and what is to be thought of it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from ferryman.core.build.project import Project
from ferryman.core.measurement import Machine, Measurement
from ferryman.measure.doubts import doubt_load, doubts_of, notes_of, reach, refusals
from ferryman.measure.figures import cpu_of_scenario, summarize
from ferryman.measure.function import LambdaRunner
from ferryman.measure.noise import Watch
from ferryman.measure.observing import Pace, Progress, Round, observe
from ferryman.measure.request import Request, Scenario
from ferryman.measure.running import Runner
from ferryman.measure.server import ServerRunner

__all__ = ("TARGETS", "measure")

TARGETS: dict[str, Callable[[Project, Sequence[Request], Path, float], Runner]] = {
    "server": ServerRunner,
    "lambda": LambdaRunner,
}
"""What runs an app, by the target's name."""

_SETTLED = 0.05
"""How far the interval of the CPU time may reach where rounds are said to agree."""


async def measure(
    project: Project,
    scenario: Scenario,
    targets: Sequence[str],
    pace: Pace,
    patience: float,
    progress: Progress,
) -> Measurement:
    """Run an app on targets, here, and return what was seen.

    Args:
        project: The project.
        scenario: What is sent.
        targets: Names in `TARGETS`.
        pace: How much time is taken.
        patience: Seconds after which an answer is given up.
        progress: Told what is being done.

    Raises:
        AppError: The app does not start.
        FerrymanError: It stalls, or its process ended.
    """

    def settled(rounds: Sequence[Round]) -> bool:
        return reach(cpu_of_scenario(rounds, scenario.shares)) <= _SETTLED

    watch = Watch()
    seen: dict[str, tuple[Round, ...]] = {}
    with TemporaryDirectory(prefix="ferryman-measure-") as scratch:
        for name in targets:
            runner = TARGETS[name](project, scenario.requests, Path(scratch), patience)
            seen[name] = await observe(runner, scenario, pace, progress, settled)
    others = watch.others()
    found = {name: summarize(rounds, scenario) for name, rounds in seen.items()}
    doubts = [doubt for name, figures in found.items() for doubt in doubts_of(name, figures)]
    doubts += [doubt for name in found for doubt in refusals(name, seen[name], scenario)]
    notes = [note for name in found for note in notes_of(name, found[name], seen[name])]
    return Measurement(
        ferryman=version("ferryman"),
        app=str(project.app),
        taken=datetime.now().astimezone().isoformat(timespec="seconds"),
        machine=_machine(others),
        scenario=scenario.name,
        targets=found,
        doubts=(*doubt_load(others), *doubts),
        notes=(*scenario.notes, *notes),
    )


def _machine(others: float) -> Machine:
    return Machine(
        cpus=len(os.sched_getaffinity(0)),
        model=_processor(),
        python=platform.python_version(),
        load=round(others, 4),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
