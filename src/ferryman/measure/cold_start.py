"""Measures how long an artifact takes to start here, until it waits for its first request.

A zip is unpacked and started by its bootstrap, as on Lambda; a server is started from the project's
directory, with one worker. Artifacts that this machine cannot run are left out.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median

from ferryman.building.artifact import Artifact
from ferryman.core.errors import AppError
from ferryman.local.emulator import host_python
from ferryman.local.lambda_.artifact_function import artifact_function
from ferryman.local.lambda_.environment_process import Environment
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.measure.server_runner import ServerRunner
from ferryman.project.project import Project
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.runtimes import is_this_machine

__all__ = ("start_times",)

_TIMES = 3


async def start_times(
    project: Project, artifacts: Mapping[str, Artifact]
) -> dict[str, float | AppError]:
    """Return the median of three start times in milliseconds, by target.

    Args:
        project: The project that was built.
        artifacts: Its artifacts, by target.

    Returns:
        For each target the milliseconds, or why the app did not start.
    """
    found: dict[str, float | AppError] = {}
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        bundle = artifacts.get("lambda")
        if bundle and _runs_here(bundle, project):
            settings = artifact_function(project, Path(bundle.path), Path(scratch))
            found["lambda"] = await _median(lambda: _start_function(settings))
        if "server" in artifacts:
            runner = ServerRunner(project, (), Path(scratch))
            found["server"] = await _median(lambda: _start_server(runner))
    return found


async def _median(start: Callable[[], Awaitable[float]]) -> float | AppError:
    try:
        return median([await start() for _ in range(_TIMES)])
    except AppError as error:
        return error


def _runs_here(bundle: Artifact, project: Project) -> bool:
    options = project.section("lambda", LambdaOptions)
    here = is_this_machine(options.architecture) and project.fields.python == host_python()
    return here and bundle.path.endswith(".zip")


async def _start_function(settings: FunctionSettings) -> float:
    began = asyncio.get_running_loop().time()
    environment = Environment(settings, lambda _: None, lambda _: None)
    try:
        failure = await environment.started
        took = asyncio.get_running_loop().time() - began
    finally:
        await environment.stop()
    if failure is not None:
        raise AppError("the function did not start", cause=failure.fault)
    return took * 1000


async def _start_server(runner: ServerRunner) -> float:
    async with runner.start() as running:
        return running.init_ms()
