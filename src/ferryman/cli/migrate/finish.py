"""`ferryman migrate finish`: sends the rest of the traffic to the new side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.session import open_session
from ferryman.cli.project_options import project_options
from ferryman.cli.terminal import announce
from ferryman.core.errors import ConfigError, FerrymanError

if TYPE_CHECKING:
    from ferryman.migrate.state import Migration

__all__ = ("command",)


@click.command()
@project_options
@click.option("--force", is_flag=True, help="Finish even if the last step has not passed.")
def command(force: bool, **options: Any) -> int:
    """Send the remaining traffic to the new side, after its last step has passed.

    ferryman never removes the old side; remove it yourself.

    \b
    Example:
      ferryman migrate finish
    """
    from ferryman.migrate.machine import finish

    session = open_session(**options)
    migration = session.book.claim(session.options.look)
    try:
        _refuse_early(migration, force)
        with session.carrier(migration.old, migration.new) as carrier:
            live = carrier.shifter.read()
            migration, deed = finish(migration, live.weight or 0.0, time.time())
            migration = carrier.do(migration, deed)
    finally:
        session.leave(migration)
    if migration.phase != "finished":
        raise FerrymanError(f"the migration did not finish: {migration.reason or migration.phase}")
    announce(
        f"{migration.old} gets no traffic now and may be removed; until then the way back is "
        f"`ferryman migrate shift --from {migration.new} --to {migration.old}`"
    )
    return 0


def _refuse_early(migration: Migration, force: bool) -> None:
    if migration.over:
        raise ConfigError(f"the migration {migration.id} is over")
    if migration.phase != "holding" and not force:
        raise ConfigError(
            f"{migration.new} has {migration.weight:g} %, and its last step has not passed",
            hint="`ferryman migrate shift` continues; --force finishes anyway",
        )
