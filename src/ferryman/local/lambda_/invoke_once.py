"""Invokes a project's function once."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from ferryman.local.lambda_.artifact_function import build_function
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.outcome import Outcome
from ferryman.local.lambda_.project_function import plan_function
from ferryman.project.project import Project
from ferryman.records.progress import Progress

__all__ = ("invoke_once",)


async def invoke_once(
    project: Project, event: object, log: Callable[[str], None], *, build: Progress | None = None
) -> Outcome:
    """Return the outcome of an event, after the end of the invocation.

    Args:
        project: The project.
        event: The event.
        log: Takes each line of the function's log, with the REPORT line.
        build: Builds and runs an artifact, and is called with each step; None runs the sources.

    Raises:
        ConfigError: The project names no app.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        # A stream would need a reader, so responses are not streamed.
        if build:
            settings = build_function(project, Path(scratch), build, streaming=False)
        else:
            settings = plan_function(project, Path(scratch, "ferryman.json"), streaming=False)
        async with LocalFunction(settings, log) as function:
            outcome = await function.invoke(json.dumps(event).encode())
            if outcome.finished is not None:
                await asyncio.shield(outcome.finished)
            return outcome
