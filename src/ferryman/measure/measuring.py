"""Measures each target and judges whether the figures can be trusted."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from ferryman.measure.estimates import cpu_of_scenario, summarize
from ferryman.measure.lambda_runner import LambdaRunner
from ferryman.measure.noise import Watch
from ferryman.measure.reliability import doubt_load, doubts_of, notes_of, reach, refusals
from ferryman.measure.request import Request, Scenario
from ferryman.measure.rounds import Pace, Round, observe
from ferryman.measure.runner import Runner
from ferryman.measure.server_runner import ServerRunner
from ferryman.measure.trial import try_requests
from ferryman.project.project import Project
from ferryman.records.measurement import Machine, Measurement
from ferryman.records.progress import Progress
from ferryman.targets.protocols import RunsLike

__all__ = ("RUNNERS", "measure")

RUNNERS: dict[str, Callable[[Project, Sequence[Request], Path, float], Runner]] = {
    "server": ServerRunner,
    "lambda": LambdaRunner,
}
"""The class that starts an app, by the way targets run it."""

_SETTLED = 0.05
"""The widest interval of the CPU time at which rounds count as agreeing."""


async def measure(
    project: Project,
    scenario: Scenario,
    kinds: Sequence[RunsLike],
    pace: Pace,
    patience: float,
    progress: Progress,
    *,
    insist: bool = False,
) -> Measurement:
    """Run an app here as targets do, and return the measurement.

    Args:
        project: The project.
        scenario: The requests to send.
        kinds: The ways in which targets run an app; each is measured once.
        pace: How much time to take.
        patience: Seconds to wait for a response.
        progress: Called with each step.
        insist: Whether to measure even requests that the app refuses or fails.

    Raises:
        AppError: The app does not start.
        ConfigError: A package that runs it is not installed.
        FerrymanError: The app stalls, its process ended, or requests fail unexpectedly.
    """

    def settled(rounds: Sequence[Round]) -> bool:
        return reach(cpu_of_scenario(rounds, scenario.shares)) <= _SETTLED

    watch = Watch()
    seen: dict[str, tuple[Round, ...]] = {}
    with TemporaryDirectory(prefix="ferryman-measure-") as scratch:
        # Start all first: a missing package is reported before another target has run for minutes.
        runners = {
            name: RUNNERS[name](project, scenario.requests, Path(scratch), patience)
            for name in kinds
        }
        if not insist:
            progress("sending each request once")
            await try_requests(runners.values(), scenario)
        for name, runner in runners.items():
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
