"""`ferryman migrate status`: the state of the migration."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.session import Session, open_session
from ferryman.cli.project_options import project_options
from ferryman.core.errors import FerrymanError

if TYPE_CHECKING:
    from ferryman.migrate.shifters import Live
    from ferryman.migrate.state import Migration

__all__ = ("command",)


@click.command()
@project_options
@click.option("--json", "as_json", is_flag=True, help="Print the state as JSON.")
def command(as_json: bool, **options: Any) -> int:
    """Show the state of the migration: weights, verdict, evidence, and past moves.

    \b
    Example:
      ferryman migrate status
    """
    from ferryman.migrate.telling import as_data, as_text

    session = open_session(**options)
    migration = session.book.must_read()
    live = _live(session, migration)
    if as_json:
        click.echo(json.dumps(as_data(migration, live), indent=2))
    else:
        click.echo(as_text(migration, live))
    return 0


def _live(session: Session, migration: Migration) -> Live | None:
    """Return the live weight, or None if it cannot be read: the state is useful without it."""
    from ferryman.migrate.opening import make_shifter

    with suppress(FerrymanError):
        return make_shifter(session.options, migration.old, migration.new).read()
    return None
