"""The callback to which a long operation reports its steps."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ("Progress",)

Progress = Callable[[str], None]
"""Called with each new step, in a few words."""
