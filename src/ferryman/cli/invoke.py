"""`ferryman invoke`: sends one event to the app, here or on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferryman.cli.completed_values import complete_targets
from ferryman.cli.event_input import FIXTURES, read_event
from ferryman.cli.project_options import open_target, project_options
from ferryman.core.errors import ConfigError

__all__ = ("FIXTURES", "command")


@click.command()
@click.argument(
    "file",
    required=False,
    metavar="[EVENT.json]",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option(
    *("-t", "--target"),
    metavar="TARGET",
    default="lambda",
    show_default=True,
    shell_complete=complete_targets,
    help="The target that handles the event.",
)
@project_options
@click.option(
    "--fixture",
    metavar="NAME",
    help="Use a sample event; HTTP requests take --path, --method and --data.",
)
@click.option(
    "--path",
    "request_target",
    metavar="PATH",
    default="/",
    help="Path and query of an HTTP request.",
)
@click.option("--method", metavar="METHOD", default="GET", help="Method of an HTTP request.")
@click.option("--data", metavar="BODY", default="", help="Body of an HTTP request.")
@click.option("--local", is_flag=True, help="Invoke the app in a local Lambda environment.")
@click.option("--artifact", is_flag=True, help="Build the zip for this machine, and invoke it.")
@click.option("--remote", is_flag=True, help="Invoke the deployed function on AWS.")
@click.option(
    "--function",
    metavar="NAME",
    help="With --remote: the function's name or ARN; by default the project's name.",
)
@click.option(
    "--region",
    metavar="REGION",
    help="With --remote: the function's region; by default that of the profile.",
)
@click.option("--profile", metavar="NAME", help="With --remote: the AWS profile.")
def command(
    file: Path | None,
    target: str,
    fixture: str | None,
    request_target: str,
    method: str,
    data: str,
    local: bool,
    artifact: bool,
    remote: bool,
    function: str | None,
    region: str | None,
    profile: str | None,
    **options: Any,
) -> int:
    """Send one event to the app, and print the result as JSON.

    The command starts the app in its own process, sends the event, and stops the app. The event
    comes from a file; `-` is standard input. `server` calls the handlers in
    app[ferryman.triggers]; `lambda` calls the function's handler, so the event can be an HTTP
    request too, such as `--fixture http-api --path /x`. The app's own output goes to standard
    error.

    `--local` invokes the function in a separate process with Lambda's limits, and prints its log
    and its REPORT line on standard error. `--artifact` does the same with the zip, built for this
    machine, instead of the sources. `--remote` invokes the deployed function on AWS; with
    lambda.streaming the command prints the response as it arrives.

    Exits with 0 if all records were handled, otherwise with 1.

    \b
    Example:
      ferryman invoke -t server --fixture sqs
    """
    from ferryman.cli.invokers import invoke_here, invoke_local, invoke_remote

    event = read_event(file, fixture, (method, request_target, data))
    chosen, project = open_target(target, **options)
    takes_events = chosen.runs_like == "lambda"
    for flag, given in {"--local": local, "--artifact": artifact, "--remote": remote}.items():
        if given and not takes_events:
            raise ConfigError(f"{flag} is for Lambda only", hint="pass -t lambda too")
    if not takes_events and _is_request(event):
        raise ConfigError(
            "this event is an HTTP request in Lambda's form",
            hint="pass -t lambda; to try a server, use `ferryman serve -t server`",
        )
    if (local or artifact) and remote:
        raise ConfigError("--local and --remote exclude each other", hint="pass one of them")
    for flag, value in {"--function": function, "--region": region, "--profile": profile}.items():
        if value and not remote:
            raise ConfigError(f"{flag} has no effect without --remote", hint="pass --remote too")
    if not remote:
        ran = (
            "the artifact, built for this machine" if artifact else f"the sources in {project.root}"
        )
        click.echo(f"runs {ran}", err=True)
    if remote:
        return invoke_remote(project, event, function, region, profile)
    if local or artifact:
        return invoke_local(project, event, artifact=artifact)
    return invoke_here(chosen, project, event)


def _is_request(event: object) -> bool:
    from ferryman.targets.lambda_.runtime.events import find_source

    return isinstance(event, dict) and find_source(event) is not None
