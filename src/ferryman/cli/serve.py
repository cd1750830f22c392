"""`ferryman serve`: runs the app on this machine as a target would."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.addresses import bind_option, parse_address
from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.terminal import announce

__all__ = ("command",)


@click.command()
@target_option
@project_options
@bind_option
@click.option(
    "--artifact",
    is_flag=True,
    help="Run the built artifact instead of the sources; lambda always does.",
)
def command(target: str, bind: str, artifact: bool, **options: Any) -> int:
    """Run the app on this machine as a target would, until Ctrl-C.

    `server` runs the app under gunicorn. `lambda` builds the zip for this machine, unpacks it as
    Lambda would, and runs it under AWS's Runtime Interface Emulator behind an emulated Function
    URL. Both listen on loopback only, unless --bind names another address.

    \b
    Example:
      ferryman serve -t lambda --bind 127.0.0.1:9000
    """
    from ferryman.local.serve_target import serve

    address = parse_address(bind)
    chosen, project = open_target(target, **options)
    return serve(chosen, project, address, announce, artifact=artifact)
