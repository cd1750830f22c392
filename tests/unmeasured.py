"""The environment of processes that coverage must not join: it imports modules of its own, and
answers signals."""

from __future__ import annotations

import os

__all__ = ("unmeasured",)


def unmeasured() -> dict[str, str]:
    """Return this process's environment without what makes coverage join a new process."""
    return {name: x for name, x in os.environ.items() if not name.startswith("COVERAGE_")}
