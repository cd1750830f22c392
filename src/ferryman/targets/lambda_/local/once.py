"""One invocation of a project's function, from start to end."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from ferryman.core.build.project import Project
from ferryman.targets.lambda_.local.function import LocalFunction
from ferryman.targets.lambda_.local.outcome import Outcome
from ferryman.targets.lambda_.local.plan import plan_function

__all__ = ("invoke_once",)


async def invoke_once(project: Project, event: object, log: Callable[[str], None]) -> Outcome:
    """Return what comes of an event, once the environment is done with it.

    Args:
        project: The project.
        event: The event.
        log: Takes each line of the function's log, the REPORT line too.

    Raises:
        ConfigError: The project names no app.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        # Nobody is here to take a stream.
        settings = plan_function(project, Path(scratch, "ferryman.json"), streaming=False)
        async with LocalFunction(settings, log) as function:
            outcome = await function.invoke(json.dumps(event).encode())
            if outcome.finished is not None:
                await asyncio.shield(outcome.finished)
            return outcome
