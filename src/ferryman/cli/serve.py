"""`ferryman serve`: the app answers on this machine, the way a target runs it."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.addresses import bind_option, parse_address
from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.talk import announce

__all__ = ("command",)


@click.command()
@target_option
@project_options
@bind_option
def command(target: str, bind: str, **options: Any) -> int:
    """Run the app here, the way a target runs it, until Ctrl-C.

    `server` runs it under gunicorn. `lambda` builds the zip for this machine, unpacks it
    as Lambda would, and runs it under AWS's Runtime Interface Emulator behind the
    gateway of a Function URL. Both listen on this machine only unless told otherwise.

    \b
    Example:
      ferryman serve -t lambda --bind 127.0.0.1:9000
    """
    address = parse_address(bind)
    chosen, project = open_target(target, **options)
    return chosen.serve(project, address, announce)
