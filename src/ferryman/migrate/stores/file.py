"""Keeps the state in a local file, under a lock, written completely or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ferryman.core.errors import FerrymanError
from ferryman.migrate.stores import Conflict
from ferryman.records.atomic_file import write_whole

__all__ = ("FileStore",)


@dataclass(frozen=True, slots=True)
class FileStore:
    """A file, with its lock beside it."""

    path: Path

    @property
    def place(self) -> str:
        """Its name in errors."""
        return str(self.path)

    def read(self) -> tuple[bytes, str] | None:
        """Return the document and its version, or None if there is none."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FerrymanError(f"{self.path} cannot be read", cause=error.strerror) from None
        return content, _version(content)

    def write(self, content: bytes, version: str | None) -> str:
        """Replace a version of the document, and return the new version."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                found = self.read()
                if (found[1] if found else None) != version:
                    raise Conflict(self.place)
                write_whole(self.path, content)
        except OSError as error:
            raise FerrymanError(
                f"{self.path} cannot be written",
                cause=error.strerror,
                hint="the weight stays as it is; `resume` continues when the file can be written",
            ) from None
        return _version(content)

    def probe(self) -> None:
        """Do nothing: a lock and a rename always suffice."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = os.open(
            self.path.with_name(f".{self.path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()
