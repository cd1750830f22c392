"""`ferryman invoke`: one event reaches the app, here or on AWS, as a target would bring it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferryman.cli.event_input import FIXTURES, read_event
from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.core.errors import ConfigError

__all__ = ("FIXTURES", "command")


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
@click.option("--remote", is_flag=True, help="Invoke the function that is deployed on AWS.")
@click.option("--function", help="Its name there, or its ARN; by default the project's name.")
@click.option("--region", help="Its region; by default that of the profile.")
@click.option("--profile", help="The AWS profile to use.")
def command(
    file: Path | None,
    target: str,
    fixture: str | None,
    request_target: str,
    method: str,
    data: str,
    local: bool,
    remote: bool,
    function: str | None,
    region: str | None,
    profile: str | None,
    **options: Any,
) -> int:
    """Bring one event to the app, and print the answer as JSON.

    The app is started in this process, given the event, and stopped. The event comes from a
    file, or from standard input if that is `-`. `server` brings it to the handlers in
    app[ferryman.triggers]; `lambda` brings it by way of the function's handler, so that it
    can be an HTTP request as well, such as `--fixture http-api --path /x`. What the app
    prints goes to standard error.

    `--local` invokes the function in a process as Lambda does, with its limits, and prints
    its log and its REPORT line on standard error. `--remote` does so with the function on
    AWS, as it is deployed there; with lambda.streaming its response is printed as it comes.

    Ends with 0 if all records were handled, with 1 if some were not.

    \b
    Example:
      ferryman invoke -t server --fixture sqs
    """
    from ferryman.cli.invokers import invoke_here, invoke_local, invoke_remote

    event = read_event(file, fixture, (method, request_target, data))
    chosen, project = open_target(target, **options)
    for flag, given in {"--local": local, "--remote": remote}.items():
        if given and target != "lambda":
            raise ConfigError(f"{flag} is for Lambda alone", hint="pass -t lambda as well")
    if target != "lambda" and _is_request(event):
        raise ConfigError(
            "this event is an HTTP request, as Lambda gets one",
            hint="pass -t lambda; a server is asked by HTTP, as under `ferryman serve -t server`",
        )
    if local and remote:
        raise ConfigError("--local and --remote exclude each other", hint="pass one of them")
    if remote:
        return invoke_remote(project, event, function, region, profile)
    return invoke_local(project, event) if local else invoke_here(chosen, project, event)


def _is_request(event: object) -> bool:
    from ferryman.targets.lambda_.runtime.events import find_source

    return isinstance(event, dict) and find_source(event) is not None
