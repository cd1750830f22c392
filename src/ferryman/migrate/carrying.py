"""Runs a migration: look, decide, record, act, until it needs no more action.

It does the input and output for `machine`. If this process ends, the next one resumes from the
document.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.book import Book
from ferryman.migrate.machine import Deed, Look, Write, advance
from ferryman.migrate.observers import Observer
from ferryman.migrate.shifters import Drift, NotHealthy, Shifter
from ferryman.migrate.state import Migration
from ferryman.migrate.stores import Conflict

__all__ = ("Carrier", "stands_still", "stopped_at")

_TRIES = 10
"""Looks in a row that may fail before the process gives up."""


@dataclass(slots=True)
class Carrier:
    """Runs a migration with a store, a load balancer and an observer.

    Attributes:
        book: The migration's state.
        shifter: The balancer.
        observer: The counts.
        interval: Seconds between two looks.
        tell: Called with a sentence about each event.
        show: Called with the migration after each look.
        decides: Decides the next action from a look.
        holds: Whether to keep looking while the migration holds its last weight.
        clock: Seconds since 1970.
        pause: Waits some seconds.
    """

    book: Book
    shifter: Shifter
    observer: Observer
    interval: float
    tell: Callable[[str], None]
    show: Callable[[Migration], None] = lambda _: None
    decides: Callable[[Migration, Look], tuple[Migration, Deed | None]] = advance
    holds: bool = False
    clock: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    _looked: float | None = field(default=None, init=False)

    def carry(self, migration: Migration) -> Migration:
        """Run a migration until it needs no more action, and return it.

        Raises:
            Conflict: Another process runs it.
            FerrymanError: The balancer, the counts or the store fail, ten looks in a row.
        """
        failed = 0
        while not self._is_done(migration):
            try:
                migration, deed = self.decide(migration)
                self._perform(deed)
                failed = 0
            except (Conflict, ConfigError):
                raise
            except FerrymanError as error:
                failed, deed = failed + 1, None
                if failed == _TRIES:
                    raise
                self.tell(f"{error.message}; trying again at the next look")
            if deed is None and not self._is_done(migration):
                self.pause(self.interval)
        return migration

    def once(self, migration: Migration) -> Migration:
        """Look once, act on it, and confirm the action.

        An observer that only counts while it is open gets one interval first.

        Raises:
            Conflict: Another process runs it.
            FerrymanError: The balancer, the counts or the store fail.
        """
        if self.observer.listens:
            self.pause(self.interval)
        return self._settle(migration)

    def do(self, migration: Migration, deed: Deed | None) -> Migration:
        """Record and do an action that was decided without a look, and confirm it.

        Raises:
            Conflict: Another process runs it.
            FerrymanError: The action failed.
        """
        migration = self.book.write(migration)
        self._perform(deed)
        return self._settle(migration)

    def decide(self, migration: Migration) -> tuple[Migration, Deed | None]:
        """Look and decide; return the recorded migration, and the action to take."""
        decided, deed = self.decides(migration, self._look(migration))
        written = self.book.write(decided)
        self._tell_changes(migration, written)
        self.show(written)
        return written, deed

    def _settle(self, migration: Migration) -> Migration:
        """Look and act until no action follows."""
        for _ in range(3):
            migration, deed = self.decide(migration)
            self._perform(deed)
            if deed is None:
                break
        return migration

    def _is_done(self, migration: Migration) -> bool:
        return stands_still(migration) and not (self.holds and migration.phase == "holding")

    def _look(self, migration: Migration) -> Look:
        live = self.shifter.read()
        sight = self.observer.look(migration.cursor, migration.slow_limit)
        before, self._looked = self._looked, time.monotonic()
        return Look(
            at=self.clock(),
            live=live.weight,
            old_healthy=live.old_healthy,
            new_healthy=live.new_healthy,
            old=sight.old,
            new=sight.new,
            seconds=self._looked - before if before else 0.0,
            slow_limit=sight.slow_limit,
            measuring=sight.measuring,
            credentials=live.credentials,
            cursor=sight.cursor,
        )

    def _perform(self, deed: Deed | None) -> None:
        try:
            if isinstance(deed, Write):
                self.shifter.write(deed.start, deed.end)
            elif deed:
                self.shifter.join()
        except (Drift, NotHealthy) as error:
            # The next look sees the same state, and decides again.
            self.tell(error.message)

    def _tell_changes(self, before: Migration, after: Migration) -> None:
        if after.move and after.move != before.move:
            move = after.move
            self.tell(f"{after.new}: {move.start:g} % to {move.end:g} %, for {move.reason}")
        if after.weight != before.weight:
            self.tell(f"{after.new} has {after.weight:g} %")
        if after.phase != before.phase and after.phase in _SENTENCES:
            self.tell(_SENTENCES[after.phase].format(m=after))
        elif after.reason != before.reason and after.reason and not after.move:
            self.tell(after.reason)


_SENTENCES = {
    "paused": "paused at {m.weight:g} %: {m.reason}",
    "returned": "all traffic is back on {m.old}: {m.reason}",
    "finished": "all traffic is on {m.new}",
    "holding": "{m.new} holds {m.weight:g} %, and nothing speaks against it: `ferryman migrate "
    "finish` sends it the rest",
}


def stands_still(migration: Migration) -> bool:
    """Return whether the migration does nothing more until a user acts."""
    return migration.phase in ("paused", "returned", "finished", "holding")


def stopped_at(migration: Migration, last: int) -> Migration:
    """Return a migration that ends at a percentage: both sides stay.

    Raises:
        ConfigError: The new side has more already.
    """
    if migration.weight > last:
        raise ConfigError(
            f"{migration.new} has {migration.weight:g} % already, more than {last} %",
            hint="`ferryman migrate rollback` sends it back, and `shift --stop-at` begins again",
        )
    steps = tuple(step for step in migration.steps if step < last)
    return replace(migration, steps=(*steps, last))
