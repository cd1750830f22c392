"""`ferryman dev`: the app answers here, and each save is in the next answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.addresses import bind_option, parse_address
from ferryman.cli.project_options import open_target, project_options
from ferryman.cli.talk import show_log
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    import asyncio

    from ferryman.core.build.target import Address
    from ferryman.development.configuration import Configuration

__all__ = ("command",)


@click.command()
@click.option(
    *("-t", "--target"),
    type=click.Choice(["server", "lambda"]),
    default="server",
    show_default=True,
    help="What to imitate.",
)
@click.option("--source", help="The event source in front of Lambda; by default function-url.")
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of NAME=value lines, for the app's environment.",
)
@click.option("--snapshot", is_flag=True, help="Start as Lambda does from a SnapStart snapshot.")
@bind_option
@project_options
def command(
    target: str,
    source: str | None,
    env_file: Path | None,
    snapshot: bool,
    bind: str,
    **options: Any,
) -> int:
    """Run the app here, and start it anew at each save, until Ctrl-C.

    `server` runs it in a process; a new one takes over once it answers, and the old one
    finishes its requests. `lambda` runs it in environments as Lambda does: one request at a
    time in each, frozen in between, with Lambda's limits and log. An app that does not
    start is explained in the terminal and in the browser, and tried again at the next save.

    \b
    Example:
      ferryman dev -t lambda --source http-api
    """
    import asyncio

    from ferryman.development.configuration import Configuration
    from ferryman.development.differences import differences
    from ferryman.development.watching import read_env_file

    def read() -> Configuration:
        _, project = open_target(target, **options)
        return Configuration(project, read_env_file(env_file) if env_file else {})

    address = parse_address(bind)
    for flag, given in {"--source": source is not None, "--snapshot": snapshot}.items():
        if given and target != "lambda":
            raise ConfigError(f"{flag} is for Lambda alone", hint="pass -t lambda as well")
    configuration = read()
    source = source or "function-url"
    for number, line in enumerate(differences(target, configuration.project, source)):
        _tell(f"  {line}" if number else f"on {target}:\n  {line}")
    if target == "lambda":
        work = _lambda(configuration, read, address, source, snapshot)
    else:
        work = _server(configuration, read, address)
    asyncio.run(work)
    return 0


async def _lambda(
    configuration: Configuration,
    read: Callable[[], Configuration],
    address: Address,
    source: str,
    snapshot: bool,
) -> None:
    from ferryman.development.local_lambda import run_lambda

    stopped = _until_ctrl_c()
    await run_lambda(configuration, read, address, source, snapshot, _tell, show_log, stopped)


async def _server(
    configuration: Configuration, read: Callable[[], Configuration], address: Address
) -> None:
    from ferryman.development.server import listen, run_server

    stopped = _until_ctrl_c()
    with listen(address) as listener:
        await run_server(configuration, read, listener, _tell, stopped)


def _until_ctrl_c() -> asyncio.Event:
    """Return an event that Ctrl-C sets, and SIGTERM."""
    import asyncio
    import signal

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


def _tell(text: str) -> None:
    """Say what happens, in another colour than what the app says."""
    click.secho(text, fg="cyan", err=True)
