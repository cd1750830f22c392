"""The three ways in which `ferryman invoke` sends an event to an app."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from ferryman.cli.terminal import show_log, working

if TYPE_CHECKING:
    from ferryman.project.project import Project
    from ferryman.targets.protocols import Target

__all__ = ("invoke_here", "invoke_local", "invoke_remote")


def invoke_here(target: Target, project: Project, event: object) -> int:
    """Send the event to the app in this process, and return the exit status.

    Raises:
        ConfigError: The target does not run on this machine.
    """
    from ferryman.targets.registry import runs_like

    invoker = _INVOKERS[runs_like(target)]
    with redirect_stdout(sys.stderr):
        _enter(project)
        from ferryman.core import capabilities

        capabilities.declare(target.capabilities)
        answer = invoker(project, event)
    return _print_answer(answer)


def invoke_local(project: Project, event: object, *, artifact: bool = False) -> int:
    """Send the event to the function in a local environment, and return the exit status.

    Args:
        project: The project.
        event: The event.
        artifact: Whether to build the zip for this machine, and run it in place of the sources.
    """
    import asyncio

    from ferryman.local.lambda_.app_log import own_entries
    from ferryman.local.lambda_.invoke_once import invoke_once

    if artifact:
        with working("building for lambda") as progress:
            work = invoke_once(project, event, show_log, build=progress)
            outcome = asyncio.run(work)
    else:
        outcome = asyncio.run(invoke_once(project, event, show_log))
    document = outcome.document()
    if isinstance(document, dict) and "stackTrace" in document:
        document["stackTrace"] = own_entries(document["stackTrace"])
    return _print_answer(document, failed=outcome.fault is not None)


def invoke_remote(
    project: Project, event: object, name: str | None, region: str | None, profile: str | None
) -> int:
    """Send the event to the function on AWS, and return the exit status.

    Args:
        project: The project.
        event: The event.
        name: The function's name; None for the project's.
        region: The function's region; None for that of the profile.
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
    """Make the app importable, and resolve relative paths as in an artifact."""
    from ferryman.building.app_files import import_root

    sys.path.insert(0, str(import_root(project)))
    os.chdir(project.root)


def _invoke_server(project: Project, event: object) -> Any:
    from ferryman.core.loader import run_with_app
    from ferryman.core.one_event import handle_once

    return run_with_app(project.app, partial(handle_once, event))


def _invoke_lambda(project: Project, event: Any) -> Any:
    from ferryman.core.deliveries import TriggerFailed
    from ferryman.core.errors import FerrymanError
    from ferryman.core.tracebacks import user_traceback
    from ferryman.targets.lambda_.options import LambdaOptions, deployed
    from ferryman.targets.lambda_.runtime.handler import LambdaHandler
    from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

    options = project.section("lambda", LambdaOptions)
    known = EnvironmentOptions.from_settings(deployed(options))
    # No client is connected that could receive a stream.
    handler = LambdaHandler(project.app, known._replace(streaming=False))
    try:
        return handler(event, _Context(str(uuid4()), time.monotonic() + options.timeout))
    except FerrymanError:
        raise
    except Exception as error:
        raise TriggerFailed(
            f"the handler of the event raised {type(error).__name__}", cause=user_traceback(error)
        ) from error
    finally:
        handler.close()


@dataclass(slots=True)
class _Context:
    """The context object that Lambda passes with an event."""

    aws_request_id: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


_INVOKERS: dict[str, Callable[[Project, Any], Any]] = {
    "lambda": _invoke_lambda,
    "server": _invoke_server,
}
