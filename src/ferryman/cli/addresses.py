"""The option `--bind`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.targets.protocols import Address

__all__ = ("bind_option", "parse_address")

_BIND = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:]+)):([0-9]{1,5})")

bind_option = click.option(
    "--bind",
    default="127.0.0.1:8000",
    show_default=True,
    metavar="HOST:PORT",
    help="The address to listen on.",
)


def parse_address(bind: str) -> Address:
    """Return the address that `--bind` names.

    Raises:
        ConfigError: The text is not an address to listen on.
    """
    from ferryman.targets.protocols import Address

    match = _BIND.fullmatch(bind)
    if not match or int(match[3]) > 65535:
        raise ConfigError(
            f"--bind {bind} is not HOST:PORT", hint="write --bind 127.0.0.1:8000 or [::1]:8000"
        )
    return Address(match[1] or match[2], int(match[3]))
