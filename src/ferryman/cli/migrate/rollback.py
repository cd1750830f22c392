"""`ferryman migrate rollback`: sends all traffic back to the old side, at once."""

from __future__ import annotations

import time
from typing import Any

import click

from ferryman.cli.migrate.session import Session, open_session
from ferryman.cli.project_options import project_options
from ferryman.cli.terminal import announce
from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("command",)

_CONFIRM = 1.0
"""Seconds after which to read the weight again: another process may just have written it."""


@click.command()
@project_options
@click.option(
    "--reason", metavar="WORDS", default="asked to", help="The reason, which `status` shows."
)
def command(reason: str, **options: Any) -> int:
    """Send all traffic back to the old side, at once.

    The command does not ask and does not wait. The process that runs the migration stops.

    \b
    Example:
      ferryman migrate rollback
    """
    session = open_session(**options)
    migration = session.book.seize()
    if migration.phase == "finished":
        session.leave(migration)
        raise ConfigError(
            f"the migration {migration.id} is finished",
            hint=f"the way back is `ferryman migrate shift --from {migration.new} "
            f"--to {migration.old}`",
        )
    try:
        return _go_back(session, reason)
    finally:
        session.leave(migration)


def _go_back(session: Session, reason: str) -> int:
    from ferryman.migrate.machine import retreat

    migration = session.book.must_read()
    with session.carrier(migration.old, migration.new) as carrier:
        for _ in range(3):
            live = carrier.shifter.read()
            if not live.old_healthy:
                announce(f"{migration.old} is not healthy; rolling back anyway")
            migration, deed = retreat(migration, live.weight or 0.0, time.time(), reason)
            migration = carrier.do(migration, deed)
            carrier.pause(_CONFIRM)
            if migration.phase == "returned" and not carrier.shifter.read().weight:
                return 0
    raise FerrymanError(
        f"{migration.new} still gets traffic",
        cause=migration.reason or None,
        hint="see `ferryman migrate status`, and set the balancer's weight by hand",
    )
