"""`ferryman dev`: the app answers here, and each save is in the next answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.addresses import bind_option, parse_address
from ferryman.cli.project_options import open_target, project_options
from ferryman.cli.talk import show_log
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.project import Project
    from ferryman.core.build.target import Address

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

    from ferryman.development.differences import differences
    from ferryman.development.watching import read_env_file

    address = parse_address(bind)
    variables = read_env_file(env_file) if env_file else {}
    for flag, given in {"--source": source is not None, "--snapshot": snapshot}.items():
        if given and target != "lambda":
            raise ConfigError(f"{flag} is for Lambda alone", hint="pass -t lambda as well")
    chosen, project = open_target(target, **options)
    source = source or "function-url"
    for number, line in enumerate(differences(chosen, project, source)):
        _tell(f"  {line}" if number else f"on {target}:\n  {line}")
    asyncio.run(_run(project, target, source, address, variables, snapshot))
    return 0


async def _run(
    project: Project,
    target: str,
    source: str,
    address: Address,
    variables: dict[str, str],
    snapshot: bool,
) -> None:
    import asyncio
    import signal

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if target == "lambda":
        from ferryman.development.local_lambda import run_lambda

        await run_lambda(project, address, source, variables, snapshot, _tell, show_log, stopped)
        return
    from ferryman.development.server import listen, run_server

    with listen(address) as listener:
        await run_server(project, listener, variables, _tell, stopped)


def _tell(text: str) -> None:
    """Say what happens, in another colour than what the app says."""
    click.secho(text, fg="cyan", err=True)
