"""`ferryman migrate resume`: continues a paused or abandoned migration."""

from __future__ import annotations

from typing import Any

import click

from ferryman.cli.migrate.session import open_session
from ferryman.cli.migrate.shift import carry_on
from ferryman.cli.project_options import project_options
from ferryman.core.errors import ConfigError

__all__ = ("command",)


@click.command()
@project_options
@click.option(
    "--take-over",
    is_flag=True,
    help="Take over from a process that has ended, if it does not look for three intervals.",
)
@click.option("--adopt", is_flag=True, help="Accept the live weight in place of the recorded one.")
@click.option("--once", is_flag=True, help="Look once, act, and exit; for a scheduled job.")
def command(take_over: bool, adopt: bool, once: bool, **options: Any) -> int:
    """Resume after a pause, or after the process that ran the migration has ended.

    If it is not recorded that the last move was made, ferryman reads the live weight, and repeats
    the move if necessary. It refuses a live weight that it did not set, except with --adopt.

    \b
    Example:
      ferryman migrate resume
    """
    from ferryman.migrate.beginning import adopted, resumed
    from ferryman.migrate.opening import make_shifter

    session = open_session(**options)
    migration = session.book.claim(session.options.look, take_over=take_over)
    if migration.over:
        session.leave(migration)
        raise ConfigError(
            f"the migration {migration.id} is over", hint="`ferryman migrate shift` begins another"
        )
    if adopt:
        live = make_shifter(session.options, migration.old, migration.new).read().weight
        migration = adopted(migration, live or 0.0)
    if migration.phase == "paused":
        migration = resumed(migration)
    return carry_on(session, session.book.write(migration), once=once)
