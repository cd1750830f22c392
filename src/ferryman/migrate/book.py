"""The state of a migration in its store, with one owner at a time.

A process that acts on a migration first writes its name into the document, over the version that it
read. The previous owner finds this out at its next write, and stops.
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
"""Intervals without a look of the owner, after which the owner counts as gone."""


class Busy(FerrymanError):
    """Another process runs the migration."""


class Book:
    """Reads and writes a migration.

    Args:
        store: The store of the migration's document.
        owner: The name of this owner; by default that of this process.
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
        """Return the migration as it is now, or None if there is none.

        Raises:
            ConfigError: The document is not a migration's state, or a newer version's.
            FerrymanError: The document cannot be read.
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
        """Write a migration over the version that was read, as its owner, and return it.

        Raises:
            Conflict: Another process has written it since.
        """
        return self._write(replace(migration, owner=self.owner, beat=migration.beat + 1))

    def release(self, migration: Migration) -> Migration:
        """Write a migration without an owner, and return it.

        Raises:
            Conflict: Another process has written it since.
        """
        return self._write(replace(migration, owner=""))

    def _write(self, migration: Migration) -> Migration:
        content = encode(migration)
        try:
            self._version = self._store.write(content, self._version)
        except Conflict:
            # If the response to our write was lost, the newer version is our own.
            found = self._store.read()
            if not found or decode(found[0], self.place).owner != self.owner:
                raise
            self._version = self._store.write(content, found[1])
        return migration

    def probe(self) -> None:
        """Check that the store honours conditional writes.

        Raises:
            ConfigError: The store ignores conditions.
        """
        self._store.probe()

    def claim(self, interval: float, *, take_over: bool = False) -> Migration:
        """Become the migration's owner, and return the migration.

        It compares no clocks: an owner is alive as long as its counter grows.

        Args:
            interval: Seconds between two of the owner's looks.
            take_over: Whether to wait for three looks, and take over from an owner that is gone.

        Raises:
            Busy: Another process runs it.
            ConfigError: There is no migration.
        """
        found = self.must_read()
        if not found.owner or found.owner == self.owner or _is_dead(found.owner):
            return self.write(found)
        if not take_over:
            raise self._busy(found, "pass --take-over if that process has ended")
        for _ in range(_BEATS):
            self._pause(interval)
            if self.must_read().beat != found.beat:
                raise self._busy(found, "it is alive: it wrote during the wait")
        return self.write(found)

    def seize(self) -> Migration:
        """Become the migration's owner at once, and return it: the previous owner stops.

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
            f"{self.place}: {migration.owner.rpartition(':')[0]} runs the migration {migration.id}",
            hint=hint,
        )


def _is_dead(owner: str) -> bool:
    """Return whether an owner was a process of this machine that has ended."""
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
