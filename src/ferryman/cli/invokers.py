"""The ways in which `ferryman invoke` brings an event to an app, and what each prints."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from ferryman.cli.talk import show_log
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.build.target import Target

__all__ = ("invoke_here", "invoke_local", "invoke_remote")

# Seconds that tasks of a handler get to finish, before the app is stopped.
_TASK_BUDGET = 5.0


def invoke_here(target: Target, project: Project, event: object) -> int:
    """Bring the event to the app in this process, and return the exit status.

    Raises:
        ConfigError: The target has no way to do that.
    """
    if target.name not in _INVOKERS:
        raise ConfigError(
            f"the target {target.name} has no way to bring an event to the app here",
            hint=f"there are {', '.join(_INVOKERS)}",
        )
    with redirect_stdout(sys.stderr):
        _enter(project)
        from ferryman.core import capabilities

        capabilities.declare(target.capabilities)
        answer = _INVOKERS[target.name](project, event)
    return _print_answer(answer)


def invoke_local(project: Project, event: object) -> int:
    """Bring the event to the function in a local environment, and return the exit status."""
    import asyncio

    from ferryman.development.function_log import own_entries
    from ferryman.targets.lambda_.local.once import invoke_once

    outcome = asyncio.run(invoke_once(project, event, show_log))
    document = outcome.document()
    if isinstance(document, dict) and "stackTrace" in document:
        document["stackTrace"] = own_entries(document["stackTrace"])
    return _print_answer(document, failed=outcome.fault is not None)


def invoke_remote(
    project: Project, event: object, name: str | None, region: str | None, profile: str | None
) -> int:
    """Bring the event to the function on AWS, and return the exit status.

    Args:
        project: The project.
        event: The event.
        name: The function's name; None for the project's.
        region: Its region; None for that of the profile.
        profile: The AWS profile; None for the usual one.
    """
    from ferryman.targets.lambda_.options import LambdaOptions
    from ferryman.targets.lambda_.remote import DeployedFunction

    function = DeployedFunction(name or project.fields.name, region=region, profile=profile)
    streaming = project.section("lambda", LambdaOptions).streaming
    if streaming:
        outcome = function.stream(event, _print_head, _print_piece)
    else:
        outcome = function.invoke(event)
    click.echo(outcome.log, err=True, nl=False)
    if streaming and outcome.error is None:
        return 0
    return _print_answer(outcome.document(), failed=outcome.error is not None)


def _print_answer(answer: object, failed: bool = False) -> int:
    click.echo(json.dumps(answer, indent=2))
    return 1 if failed or (isinstance(answer, dict) and answer.get("batchItemFailures")) else 0


def _print_head(head: dict[str, Any]) -> None:
    click.echo(json.dumps(head), err=True)


def _print_piece(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _enter(project: Project) -> None:
    """Make the app importable, and its relative paths mean what they do in an artifact."""
    from ferryman.core.build.sources import import_root

    sys.path.insert(0, str(import_root(project)))
    os.chdir(project.root)


def _invoke_server(project: Project, event: object) -> dict[str, Any]:
    import asyncio

    return asyncio.run(_deliver(project, event))


async def _deliver(project: Project, event: object) -> dict[str, Any]:
    import asyncio

    from ferryman.core.context import RequestContext, current_context
    from ferryman.core.lifecycle import start_app
    from ferryman.core.serving import GRACEFUL_TIMEOUT
    from ferryman.core.triggers import deliver

    runner = await start_app(project.app, shutdown_timeout=GRACEFUL_TIMEOUT)
    try:
        resident = asyncio.all_tasks()
        current_context.set(RequestContext(str(uuid4()), cold_start=True))
        answer = await deliver(runner.app, event)
        if started := asyncio.all_tasks() - resident:
            # A server would live on, and they with it.
            await asyncio.wait(started, timeout=_TASK_BUDGET)
        return answer
    finally:
        await runner.cleanup()


def _invoke_lambda(project: Project, event: Any) -> dict[str, Any]:
    from ferryman.targets.lambda_.options import LambdaOptions
    from ferryman.targets.lambda_.runtime.handler import LambdaHandler
    from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

    options = project.section("lambda", LambdaOptions)
    known = {name: getattr(options, name) for name in EnvironmentOptions._fields}
    # Nobody is here to take a stream.
    handler = LambdaHandler(project.app, EnvironmentOptions(**known | {"streaming": False}))
    try:
        answer = handler(event, _Context(str(uuid4()), time.monotonic() + options.timeout))
    finally:
        handler.close()
    assert isinstance(answer, dict)
    return answer


@dataclass(slots=True)
class _Context:
    """What Lambda passes with an event."""

    aws_request_id: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


_INVOKERS: dict[str, Callable[[Project, Any], dict[str, Any]]] = {
    "lambda": _invoke_lambda,
    "server": _invoke_server,
}
