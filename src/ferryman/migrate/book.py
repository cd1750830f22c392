"""The state of a migration in its store, with one owner at a time.

Everybody who acts on a migration writes its name into the document first, over the version
that was read. The process that acted before finds that out at its next write, and stops.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import replace

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.state import Migration, decode, encode
from ferryman.migrate.stores import Conflict, Store

__all__ = ("Book", "Busy")

_BEATS = 3
"""Looks without one of the owner's after which it is gone."""


class Busy(FerrymanError):
    """Somebody else carries the migration on."""


class Book:
    """Reads and writes a migration.

    Args:
        store: Where its document is.
        owner: Who we are; by default this process.
        pause: Waits some seconds.
    """

    def __init__(
        self,
        store: Store,
        owner: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._pause = pause
        self._version: str | None = None
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.place = store.place

    def read(self) -> Migration | None:
        """Return the migration as it is now, or None where there is none.

        Raises:
            ConfigError: What is there is no state, or that of a newer version.
            FerrymanError: It cannot be read.
        """
        found = self._store.read()
        if found is None:
            self._version = None
            return None
        content, self._version = found
        return decode(content, self.place)

    def must_read(self) -> Migration:
        """Return the migration.

        Raises:
            ConfigError: No migration has begun.
        """
        found = self.read()
        if found is None:
            raise ConfigError(
                f"{self.place}: there is no migration", hint="`ferryman migrate shift` begins one"
            )
        return found

    def write(self, migration: Migration) -> Migration:
        """Write a migration over what was read, in our name, and return it.

        Raises:
            Conflict: Somebody else has written it since.
        """
        return self._write(replace(migration, owner=self.owner, beat=migration.beat + 1))

    def release(self, migration: Migration) -> Migration:
        """Write a migration that no process carries on from here, and return it.

        Raises:
            Conflict: Somebody else has written it since.
        """
        return self._write(replace(migration, owner=""))

    def _write(self, migration: Migration) -> Migration:
        content = encode(migration)
        try:
            self._version = self._store.write(content, self._version)
        except Conflict:
            # A write whose answer was lost on the way is our own.
            found = self._store.read()
            if not found or decode(found[0], self.place).owner != self.owner:
                raise
            self._version = self._store.write(content, found[1])
        return migration

    def probe(self) -> None:
        """See that the store honours conditions.

        Raises:
            ConfigError: It does not.
        """
        self._store.probe()

    def claim(self, interval: float, *, take_over: bool = False) -> Migration:
        """Return the migration, ours from now on.

        No clock is compared with another: an owner is alive while it goes on counting.

        Args:
            interval: Seconds between two looks of the owner.
            take_over: Whether to wait for three looks, and take it from an owner that is gone.

        Raises:
            Busy: Somebody else carries it on.
            ConfigError: There is no migration.
        """
        found = self.must_read()
        if not found.owner or found.owner == self.owner or _is_dead(found.owner):
            return self.write(found)
        if not take_over:
            raise self._busy(found, "pass --take-over if that process is gone")
        for _ in range(_BEATS):
            self._pause(interval)
            if self.must_read().beat != found.beat:
                raise self._busy(found, "it is alive: it wrote while we waited")
        return self.write(found)

    def seize(self) -> Migration:
        """Return the migration, ours from now on: the process that ran it stops.

        Raises:
            ConfigError: There is no migration.
        """
        for _ in range(20):
            try:
                return self.write(self.must_read())
            except Conflict:
                self._pause(0.05)
        return self.write(self.must_read())

    def _busy(self, migration: Migration, hint: str) -> Busy:
        return Busy(
            f"{self.place}: {migration.owner.rpartition(':')[0]} carries the migration "
            f"{migration.id} on",
            hint=hint,
        )


def _is_dead(owner: str) -> bool:
    """Say whether an owner was a process of this machine that is gone."""
    host, _, rest = owner.partition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(rest.partition(":")[0]), 0)
    except ProcessLookupError:
        return True
    except (ValueError, PermissionError):
        return False
    return False
