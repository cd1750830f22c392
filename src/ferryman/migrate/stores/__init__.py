"""Keeps the state of a migration: one document, written only over the one that was read."""

from __future__ import annotations

from typing import Protocol

from ferryman.core.errors import FerrymanError

__all__ = ("Conflict", "Store")


class Conflict(FerrymanError):
    """Somebody else wrote the state since it was read: they carry the migration on."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place}: somebody else has written it since",
            hint="`ferryman migrate status` says who carries the migration on",
        )


class Store(Protocol):
    """A place for one document.

    Attributes:
        place: How an error calls it.
    """

    @property
    def place(self) -> str:
        """How an error calls it."""

    def read(self) -> tuple[bytes, str] | None:
        """Return the document and its version, or None where there is none.

        Raises:
            FerrymanError: It cannot be read.
        """

    def write(self, content: bytes, version: str | None) -> str:
        """Write over a version of the document, and return the version of the new one.

        Args:
            content: The document.
            version: The version that must still be there; None where there must be none.

        Raises:
            Conflict: Another one is there.
            FerrymanError: It cannot be written; the old one is whole.
        """

    def probe(self) -> None:
        """See that the place honours conditions.

        Raises:
            ConfigError: It writes whatever the condition says: two at once would both win.
        """
