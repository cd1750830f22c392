"""`ferryman migrate shift`: moves the traffic step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.session import (
    GONE_BACK,
    Session,
    exit_code,
    interruptible,
    open_session,
    side_options,
)
from ferryman.cli.terminal import announce, working
from ferryman.core.errors import FerrymanError

if TYPE_CHECKING:
    from ferryman.migrate.state import Migration

__all__ = ("carry_on", "command")


@click.command()
@side_options
@click.option("--once", is_flag=True, help="Look once, act, and exit; for a scheduled job.")
@click.option(
    "--stop-at",
    metavar="PERCENT",
    type=click.IntRange(1, 99),
    help="Hold at this percentage for the new side, and keep both sides.",
)
@click.option("--adopt", is_flag=True, help="Begin from the live weight, if it is not 0.")
def command(
    old: str | None, new: str | None, once: bool, stop_at: int | None, adopt: bool, **options: Any
) -> int:
    """Move the traffic step by step, and back if the new side is worse.

    The command runs until the last step has passed. The old side then still has a part of the
    traffic, for comparison; `ferryman migrate finish` moves the rest. With --once the command looks
    once, and exits with 0 if a step passed, 75 if it is too early to tell, 1 if the traffic went
    back.

    \b
    Example:
      ferryman migrate shift --from lambda --to server
    """
    session = open_session(**options)
    found = session.book.read()
    if once and found and found.over:
        announce(f"the migration {found.id} is over: `ferryman migrate shift` begins another")
        return GONE_BACK if found.phase == "returned" else 0
    if found is None or found.over:
        found = _begin(session, found, old, new, adopt)
    else:
        _refuse_other(found, old, new)
        found = session.book.claim(session.options.look)
    if stop_at:
        found = _stop_at(session, found, stop_at)
    return carry_on(session, found, once=once)


def carry_on(session: Session, migration: Migration, *, once: bool = False) -> int:
    """Continue a migration that this process owns, and return the exit code."""
    after = migration
    with (
        interruptible(session),
        working("looking") as show,
        session.carrier(migration.old, migration.new, show) as carrier,
    ):
        try:
            after = carrier.once(migration) if once else carrier.carry(migration)
        finally:
            session.leave(after)
    return _ended(migration, after, once)


def _ended(before: Migration, after: Migration, once: bool) -> int:
    if once:
        return exit_code(before, after)
    return 0 if after.phase in ("holding", "finished") else 1


def _begin(
    session: Session, before: Migration | None, old: str | None, new: str | None, adopt: bool
) -> Migration:
    """Check that a new migration may begin, and record it."""
    from ferryman.migrate.beginning import begin
    from ferryman.migrate.opening import make_shifter

    options = session.options
    sides = old or options.old, new or options.new
    live = make_shifter(options, *sides).read()
    migration = begin(options, *sides, live.weight, before, adopt=adopt)
    written = session.book.write(migration)
    session.book.probe()
    return written


def _stop_at(session: Session, migration: Migration, last: int) -> Migration:
    from ferryman.migrate.carrying import stopped_at

    try:
        return session.book.write(stopped_at(migration, last))
    except FerrymanError:
        session.leave(migration)
        raise


def _refuse_other(found: Migration, old: str | None, new: str | None) -> None:
    from ferryman.core.errors import ConfigError

    if (old or found.old, new or found.new) != (found.old, found.new):
        raise ConfigError(
            f"a migration from {found.old} to {found.new} is under way",
            hint="`ferryman migrate rollback` or `finish` ends it",
        )
    if found.phase == "paused":
        raise ConfigError(
            f"the migration is paused at {found.weight:g} %: {found.reason}",
            hint="`ferryman migrate resume` continues it",
        )
