"""Creates a new migration, or refuses one that cannot begin."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from ferryman.core.errors import ConfigError
from ferryman.core.judge import answers_needed
from ferryman.migrate.options import MigrateOptions
from ferryman.migrate.state import Migration

__all__ = ("adopted", "begin", "resumed")


def begin(
    options: MigrateOptions,
    old: str,
    new: str,
    live: float | None,
    before: Migration | None,
    *,
    adopt: bool = False,
) -> Migration:
    """Return a new migration.

    Args:
        options: The settings.
        old: The side that the traffic leaves.
        new: The side that it goes to.
        live: The new side's percentage now, or None if it has not joined.
        before: The previous migration, which is over, or None.
        adopt: Whether to begin from the live percentage, if it is not 0.

    Raises:
        ConfigError: Both sides are the same, or the new one has traffic already.
    """
    if old == new:
        raise ConfigError(f"both sides are {old}", hint="pass --from and --to")
    if live and not adopt:
        whole = live == 100
        raise ConfigError(
            f"{new} gets {live:.4g} % of the traffic already",
            hint=f"the way back is --from {new} --to {old}"
            if whole
            else "set its weight to 0, or begin from there with --adopt",
        )
    return Migration(
        id=f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}",
        old=old,
        new=new,
        steps=options.steps,
        needed=answers_needed(options.tolerated_rate),
        phase="watching" if live else "joining",
        weight=live or 0.0,
        slow_limit=options.slow_limit,
        at=time.time(),
        previous=before.history() if before else (),
    )


def resumed(migration: Migration) -> Migration:
    """Return a paused migration, resumed in the phase where it paused."""
    if migration.log and migration.log[-1].move.purpose == "follow" and not migration.move:
        return replace(migration, phase="holding", reason="")
    begun = bool(migration.log) or migration.weight > 0 or migration.move is not None
    return replace(migration, phase="watching" if begun else "joining", reason="")


def adopted(migration: Migration, live: float) -> Migration:
    """Return a migration whose recorded weight is the live one."""
    return replace(migration, weight=live, move=None, answers=0, looks=0, seconds=0.0)
