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
    "--take-over", is_flag=True, help="Take over from a process that is gone; waits three looks."
)
@click.option("--adopt", is_flag=True, help="Accept the live weight in place of the recorded one.")
@click.option("--once", is_flag=True, help="Look once, act, and exit.")
def command(take_over: bool, adopt: bool, once: bool, **options: Any) -> int:
    """Resume after a pause, or after the process that ran the migration has ended.

    A decided move without confirmation is compared with the live weight, and repeated if it was not
    made. A live weight that ferryman did not set is refused, except with --adopt.

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
