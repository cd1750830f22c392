"""`ferryman migrate follow`: keeps both sides, and moves the weight each hour."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from ferryman.cli.migrate.economy import open_economy
from ferryman.cli.migrate.session import (
    GONE_BACK,
    Session,
    interruptible,
    open_session,
    read_project,
)
from ferryman.cli.project_options import project_options
from ferryman.cli.terminal import announce, working
from ferryman.core.errors import ConfigError
from ferryman.records.wording import counted

if TYPE_CHECKING:
    from ferryman.cost.hybrid.standing_week import HybridWeek
    from ferryman.migrate.hours import Week
    from ferryman.migrate.options import MigrateOptions
    from ferryman.migrate.state import Migration

__all__ = ("command",)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@click.command()
@project_options
@click.option("--once", is_flag=True, help="Look once, act, and exit; for a scheduled job.")
@click.option("--show", is_flag=True, help="Print the plan of the week and its cost; move nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --show: print the plan as JSON.")
def command(once: bool, show: bool, as_json: bool, **options: Any) -> int:
    """Keep both sides, and move the weight each hour to the cheapest share.

    Running servers cost the same with little traffic, so each hour they get as many requests as
    they can carry, and Lambda gets the rest. Traffic, durations and prices come from
    [tool.ferryman.cost], which must set the shape of the week; `units` of a side sets its number of
    servers. The weight stays within the limits of [tool.ferryman.migrate.follow]. ferryman keeps
    judging the new side: if it is worse, all traffic goes back. Begin after `shift` or `shift
    --stop-at` holds.

    \b
    Example:
      ferryman migrate follow --show
      ferryman migrate follow
    """
    if as_json and not show:
        raise ConfigError("--json has no effect without --show", hint="pass --show too")
    project, settings = read_project(**options)
    session = open_session(**options)
    found = session.book.read()
    sides = (found.old, found.new) if found else (settings.old, settings.new)
    economy = open_economy(project, settings, *sides, options["overlay"])
    hybrid, week = _plan(settings, sides, economy)
    if show:
        _print(sides, hybrid, week, as_json)
        return 0
    _refuse_early(found)
    return _follow(session, settings, week, once)


def _plan(
    settings: MigrateOptions, sides: tuple[str, str], economy: Any
) -> tuple[HybridWeek, Week]:
    """Return the cheapest week, and the new side's percentages in it."""
    from ferryman.cost.hybrid.standing_week import hybrid_week
    from ferryman.migrate.hours import make_week
    from ferryman.migrate.opening import side_of

    to_servers = economy.new.unit == "servers"
    pair = (economy.old, economy.new) if to_servers else (economy.new, economy.old)
    standing = side_of(settings, sides[1] if to_servers else sides[0]).units
    hybrid = hybrid_week(*pair, standing)
    shares = hybrid.shares if to_servers else tuple(1 - share for share in hybrid.shares)
    return hybrid, make_week(shares, settings.follow)


def _print(sides: tuple[str, str], hybrid: HybridWeek, week: Week, as_json: bool) -> None:
    if as_json:
        data = {
            "new": sides[1],
            "percentages": list(week.percentages),
            "servers": hybrid.servers,
            "usd": float(hybrid.usd),
            "usd_requests": float(hybrid.usd_requests),
            "usd_servers": float(hybrid.usd_servers),
        }
        click.echo(json.dumps(data, indent=2))
        return
    click.echo(f"{sides[1]}'s percentage in each hour, {week.zone}:")
    click.echo("      " + " ".join(f"{hour:3}" for hour in range(24)))
    for number, day in enumerate(_DAYS):
        hours = week.percentages[24 * number : 24 * number + 24]
        click.echo(f"  {day} " + " ".join(f"{percent:3.0f}" for percent in hours))
    click.echo(
        f"with {counted(hybrid.servers, 'server')}, {hybrid.usd:,.2f} USD a month; without servers "
        f"{hybrid.usd_requests:,.2f}, with servers alone {hybrid.usd_servers:,.2f}"
    )


def _refuse_early(found: Migration | None) -> None:
    """Check that the migration holds a share, so that both sides stay.

    Raises:
        ConfigError: The migration does not hold a share yet.
    """
    following = found and found.move and found.move.purpose == "follow"
    if found is None or (found.phase != "holding" and not following):
        where = f"it is {found.phase} at {found.weight:g} %" if found else "there is none"
        raise ConfigError(
            "no migration holds a share",
            cause=where,
            hint="`ferryman migrate shift --stop-at 80` brings the new side there first",
        )


def _follow(session: Session, settings: MigrateOptions, week: Week, once: bool) -> int:
    from ferryman.migrate.machine import follow

    migration = session.book.claim(settings.look)
    after = migration
    with (
        interruptible(session),
        working("following") as show,
        session.carrier(migration.old, migration.new, show) as carrier,
    ):
        change, renews = settings.follow.change, settings.slow_limit is None
        carrier.decides = lambda now, look: follow(
            now, look, week.at(look.at), change, renews=renews
        )
        carrier.holds = True
        try:
            after = carrier.once(migration) if once else carrier.carry(migration)
        finally:
            session.leave(after)
    if once and after.phase == "holding":
        announce(f"{after.new} has {after.weight:g} %; {week.at(time.time()):.0f} % is cheapest")
    return GONE_BACK if after.phase == "returned" else 0
