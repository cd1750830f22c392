"""The callback to which long work reports its steps."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ("Progress",)

Progress = Callable[[str], None]
"""Takes what is being done, in a few words, whenever that changes."""
