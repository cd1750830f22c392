"""`ferryman dev -t lambda`: the local Lambda, with a new environment after each save."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ferryman.core.build.project import Project
from ferryman.core.build.target import Address
from ferryman.core.errors import ConfigError
from ferryman.development.watching import saves
from ferryman.targets.lambda_.local.front import start_front
from ferryman.targets.lambda_.local.function import LocalFunction
from ferryman.targets.lambda_.local.plan import plan_function

__all__ = ("run_lambda",)


async def run_lambda(
    project: Project,
    address: Address,
    source: str,
    variables: Mapping[str, str],
    announce: Callable[[str], None],
    stopped: asyncio.Event,
) -> None:
    """Answer through an event source until `stopped`, with each save in the next answer.

    Args:
        project: The project.
        address: Where to listen.
        source: The event source.
        variables: Variables of the app's environment.
        announce: Told what happens, and each line of the function's log.
        stopped: Ends it.

    Raises:
        ConfigError: The address cannot be listened at, there is no such event source, the
            project names no app, or watchfiles is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        baked = Path(scratch, "ferryman.json")
        settings = plan_function(project, baked, variables=variables, ahead=True)
        async with LocalFunction(settings, announce) as function:
            try:
                runner = await start_front(function, address, source, explain=True)
            except OSError as error:
                raise ConfigError(
                    f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
                ) from None
            function.prepare()
            try:
                async for names in saves(project.root, stopped):
                    announce(f"{names} changed")
                    await function.replace()
                    function.prepare()
            finally:
                with suppress(asyncio.CancelledError):
                    await runner.cleanup()
