"""Keeps the state of a migration: one document, with compare-and-swap.

A store must not know what the document says.
"""

from __future__ import annotations

from typing import Protocol

from ferryman.core.errors import FerrymanError

__all__ = ("Conflict", "Store")


class Conflict(FerrymanError):
    """Another process wrote the state since it was read, and runs the migration."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place}: another process has written it in the meantime",
            hint="`ferryman migrate status` shows which process runs the migration",
        )


class Store(Protocol):
    """A place for one document.

    Attributes:
        place: Its name in errors.
    """

    @property
    def place(self) -> str:
        """Its name in errors."""

    def read(self) -> tuple[bytes, str] | None:
        """Return the document and its version, or None if there is none.

        Raises:
            FerrymanError: The document cannot be read.
        """

    def write(self, content: bytes, version: str | None) -> str:
        """Replace a version of the document, and return the new version.

        Args:
            content: The document.
            version: The version that must still be stored; None if there must be no document.

        Raises:
            Conflict: Another version is stored.
            FerrymanError: The document cannot be written; the old one is unchanged.
        """

    def probe(self) -> None:
        """Check that the store honours conditional writes.

        Raises:
            ConfigError: The store ignores conditions, so two processes could both win.
        """
