"""`ferryman serve`: the app answers on this machine, the way a target runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.talk import announce
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.core.build.target import Address

__all__ = ("command",)

_BIND = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+)):([0-9]{1,5})")


@click.command()
@target_option
@project_options
@click.option(
    "--bind",
    default="127.0.0.1:8000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen.",
)
def command(target: str, bind: str, **options: Any) -> int:
    """Run the app here, the way a target runs it, until Ctrl-C.

    `server` runs it under gunicorn. `lambda` builds the zip for this machine, unpacks it
    as Lambda would, and runs it under AWS's Runtime Interface Emulator behind the
    gateway of a Function URL. Both listen on this machine only unless told otherwise.

    \b
    Example:
      ferryman serve -t lambda --bind 127.0.0.1:9000
    """
    address = _address(bind)
    chosen, project = open_target(target, **options)
    return chosen.serve(project, address, announce)


def _address(bind: str) -> Address:
    from ferryman.core.build.target import Address

    match = _BIND.fullmatch(bind)
    if not match or int(match[3]) > 65535:
        raise ConfigError(
            f"--bind {bind}: it is not HOST:PORT", hint="such as 127.0.0.1:8000 or [::1]:8000"
        )
    return Address(match[1] or match[2], int(match[3]))
