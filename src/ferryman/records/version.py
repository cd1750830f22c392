"""The version of ferryman."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ("ferryman_version",)


def ferryman_version() -> str:
    """Return the version of the ferryman that is installed."""
    return version("ferryman")
