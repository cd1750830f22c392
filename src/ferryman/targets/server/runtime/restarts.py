"""Decides when to retry a failed worker, and whether the log has named the cause already.

The master uses it. It knows no processes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ("STABLE_AFTER", "Restarts")

STABLE_AFTER = 10.0
"""Seconds of readiness after which the end of a worker is not a failed start."""

_LONGEST_PAUSE = 60.0

# Addresses, ports and process ids: they differ each time without being another cause.
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass(slots=True)
class Restarts:
    """Counts consecutive failures of workers, and schedules the next try.

    Attributes:
        failures: The failures since all workers were last healthy.
        not_before: The time of the next try, by the caller's clock.
    """

    failures: int = 0
    not_before: float = 0.0
    _cause: str | None = None

    def fail(self, cause: str, now: float) -> tuple[float, bool]:
        """Record a failure; return the pause in seconds, and whether the cause is new.

        Pauses double from 1 s to 60 s.
        """
        pause = min(_LONGEST_PAUSE, 2.0**self.failures)
        self.failures += 1
        self.not_before = now + pause
        told, self._cause = self._cause, _VARYING.sub("#", cause)
        return pause, told != self._cause

    def try_now(self) -> None:
        """Cancel the pause, because something may have changed."""
        self.failures = 0
        self.not_before = 0.0

    def recover(self) -> None:
        """Record that all workers are healthy."""
        self.try_now()
        self._cause = None
