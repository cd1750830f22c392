"""`ferryman invoke`: one event reaches the app in this process, as a target would bring it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.project import Project

__all__ = ("FIXTURES", "command")

FIXTURES = {path.stem: path for path in sorted((Path(__file__).parent / "fixtures").glob("*.json"))}
"""Sample events of every kind, as AWS sends them, by name."""

# Seconds that tasks of a handler get to finish, before the app is stopped.
_TASK_BUDGET = 5.0


@click.command()
@click.argument(
    "file",
    required=False,
    metavar="[EVENT.json]",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
)
@target_option
@project_options
@click.option("--fixture", help="Use a sample event instead; those of HTTP take the next three.")
@click.option("--path", "request_target", default="/", help="Path and query of an HTTP request.")
@click.option("--method", default="GET", help="Its method.")
@click.option("--data", default="", help="Its body.")
@click.option("--local", is_flag=True, help="Invoke it in a process of the local Lambda.")
def command(
    file: Path | None,
    target: str,
    fixture: str | None,
    request_target: str,
    method: str,
    data: str,
    local: bool,
    **options: Any,
) -> int:
    """Bring one event to the app, in this process, and print the answer as JSON.

    The app is started, given the event, and stopped. The event comes from a file, or from
    standard input if that is `-`. `server` brings it to the handlers in
    app[ferryman.triggers]; `lambda` brings it by way of the function's handler, so that it
    can be an HTTP request as well, such as `--fixture http-api --path /x`. What the app
    prints goes to standard error.

    `--local` invokes the function in a process as Lambda does, with its limits, and prints
    its log and its REPORT line on standard error.

    Ends with 0 if all records were handled, with 1 if some were not.

    \b
    Example:
      ferryman invoke -t server --fixture sqs
    """
    event = _read_event(file, fixture, (method, request_target, data))
    chosen, project = open_target(target, **options)
    if local:
        if target != "lambda":
            raise ConfigError("--local is for Lambda alone", hint="pass -t lambda as well")
        return _invoke_local(project, event)
    if target not in _INVOKERS:
        raise ConfigError(
            f"the target {target} has no way to bring an event to the app here",
            hint=f"there are {', '.join(_INVOKERS)}",
        )
    with redirect_stdout(sys.stderr):
        _enter(project)
        from ferryman.core import capabilities

        capabilities.declare(chosen.capabilities)
        answer = _INVOKERS[target](project, event)
    click.echo(json.dumps(answer, indent=2))
    return 1 if answer.get("batchItemFailures") else 0


def _read_event(file: Path | None, fixture: str | None, request: tuple[str, str, str]) -> Any:
    if (file is None) == (fixture is None):
        raise ConfigError(
            "there is no event" if file is None else "there are two events",
            hint=f"name a file, or - for standard input, or one --fixture of {', '.join(FIXTURES)}",
        )
    if fixture is not None and fixture not in FIXTURES:
        return _http_event(fixture, *request)
    path = FIXTURES[fixture] if fixture else file
    assert path is not None
    text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        name = "standard input" if str(path) == "-" else str(path)
        raise ConfigError(f"{name} is not JSON", cause=str(error)) from None


def _http_event(source: str, method: str, target: str, data: str) -> dict[str, Any]:
    """Return the event of a request, as an event source sends it.

    Raises:
        ConfigError: There is no fixture of that name, or the source refuses the request.
    """
    from ferryman.targets.lambda_.gateway.source import Refused
    from ferryman.targets.lambda_.gateway.sources import GATEWAYS
    from ferryman.targets.lambda_.runtime.messages import HttpRequest

    if source not in GATEWAYS:
        raise ConfigError(
            f"invalid value for '--fixture': there is no '{source}'",
            hint=f"there are {', '.join([*FIXTURES, *GATEWAYS])}",
        )
    headers = (("host", "localhost"), ("user-agent", "ferryman"))
    request = HttpRequest(method, target, headers, data.encode(), "https", "127.0.0.1")
    try:
        return GATEWAYS[source].encode_request(request)
    except Refused as refused:
        raise ConfigError(f"{source} refuses {method} {target}", cause=str(refused)) from None


def _invoke_local(project: Project, event: object) -> int:
    import asyncio

    from ferryman.targets.lambda_.local.once import invoke_once

    outcome = asyncio.run(invoke_once(project, event, lambda line: click.echo(line, err=True)))
    answer = outcome.document()
    click.echo(json.dumps(answer, indent=2))
    failed = isinstance(answer, dict) and bool(answer.get("batchItemFailures"))
    return 1 if outcome.fault or failed else 0


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
