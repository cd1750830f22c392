"""`ferryman dev`: runs the app on this machine and restarts it at each save."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.addresses import bind_option, parse_address
from ferryman.cli.completed_values import complete_targets
from ferryman.cli.portability_check import gravest_lines
from ferryman.cli.project_options import open_target, project_options
from ferryman.cli.terminal import show_log
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.local.reload.configuration import Configuration
    from ferryman.targets.protocols import Address

__all__ = ("command",)


@click.command()
@click.option(
    *("-t", "--target"),
    metavar="TARGET",
    shell_complete=complete_targets,
    default="server",
    show_default=True,
    help="The target to run the app as; k8s runs the server.",
)
@click.option(
    "--source",
    metavar="SOURCE",
    help="For lambda: the event source in front; by default function-url.",
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of environment variables for the app, one NAME=value a line.",
)
@click.option(
    "--snapshot", is_flag=True, help="For lambda: start the app as from a SnapStart snapshot."
)
@click.option(
    "--artifact", is_flag=True, help="For lambda: build at each save, and run the artifact."
)
@bind_option
@project_options
def command(
    target: str,
    source: str | None,
    env_file: Path | None,
    snapshot: bool,
    artifact: bool,
    bind: str,
    **options: Any,
) -> int:
    """Run the app on this machine, and restart it at each save, until Ctrl-C.

    `server` runs the app in a process. After a save a new process takes over once it answers, and
    the old one finishes its requests. `lambda` runs the app in environments as Lambda does: each
    handles one request at a time and is frozen in between, with Lambda's limits and log. If the app
    does not start, the terminal and the browser show why, and the next save tries again.

    \b
    Example:
      ferryman dev -t lambda --source http-api
    """
    import asyncio

    from ferryman.local.needed_packages import need_lambda_client, need_watchfiles
    from ferryman.local.reload.configuration import Configuration
    from ferryman.local.reload.target_differences import differences
    from ferryman.local.reload.watching import read_env_file
    from ferryman.targets.registry import find_target, runs_like

    def read() -> Configuration:
        _, project = open_target(target, **options)
        return Configuration(project, read_env_file(env_file) if env_file else {})

    address = parse_address(bind)
    kind = runs_like(find_target(target))
    for_lambda = {
        "--source": source is not None,
        "--snapshot": snapshot,
        "--artifact": artifact,
    }
    for flag, given in for_lambda.items():
        if given and kind != "lambda":
            raise ConfigError(f"{flag} is for Lambda only", hint="pass -t lambda too")
    need_watchfiles()
    if kind == "lambda":
        need_lambda_client()
    configuration = read()
    source = source or "function-url"
    for number, line in enumerate(differences(kind, configuration.project, source)):
        _tell(f"  {line}" if number else f"on {target}:\n  {line}")
    for line in gravest_lines(configuration.project, [target])[target]:
        _tell(f"  {line}")
    if kind == "lambda":
        work = _lambda(configuration, read, address, source, snapshot, artifact)
    else:
        _tell(f"the server runs the sources in {configuration.project.root}")
        work = _server(configuration, read, address)
    asyncio.run(work)
    return 0


async def _lambda(
    configuration: Configuration,
    read: Callable[[], Configuration],
    address: Address,
    source: str,
    snapshot: bool,
    artifact: bool,
) -> None:
    from ferryman.local.ending_signals import until_signal
    from ferryman.local.reload.lambda_ import run_lambda

    stopped = until_signal()
    await run_lambda(
        *(configuration, read, address, source, snapshot, _tell, show_log, stopped),
        artifact=artifact,
    )


async def _server(
    configuration: Configuration, read: Callable[[], Configuration], address: Address
) -> None:
    from ferryman.local.ending_signals import until_signal
    from ferryman.local.reload.server import listen, run_server

    stopped = until_signal()
    with listen(address) as listener:
        await run_server(configuration, read, listener, _tell, stopped)


def _tell(text: str) -> None:
    """Print a message in another colour than the app's output."""
    click.secho(text, fg="cyan", err=True)
