"""`ferryman migrate pause`: pauses the migration."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.migrate.session import open_session
from ferryman.cli.project_options import project_options
from ferryman.cli.terminal import announce
from ferryman.core.errors import ConfigError

__all__ = ("command",)


@click.command()
@project_options
@click.option(
    "--reason", metavar="WORDS", default="asked to", help="The reason, which `status` shows."
)
def command(reason: str, **options: Any) -> int:
    """Pause the migration: both sides keep their traffic, and the process that runs it stops.

    \b
    Example:
      ferryman migrate pause --reason 'the database is being upgraded'
    """
    from ferryman.migrate.machine import pause

    session = open_session(**options)
    migration = session.book.seize()
    if migration.over:
        session.leave(migration)
        raise ConfigError(f"the migration {migration.id} is over", hint="there is nothing to pause")
    paused = session.book.release(pause(migration, reason))
    announce(f"paused at {paused.weight:g} %; `ferryman migrate resume` continues")
    return 0
