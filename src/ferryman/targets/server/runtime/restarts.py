"""When a worker that failed is tried again, and whether the log has said why already.

The master decides by it; it knows no processes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ("STABLE_AFTER", "Restarts")

STABLE_AFTER = 10.0
"""Seconds of readiness after which a worker's end is not a failed start."""

_LONGEST_PAUSE = 60.0

# Addresses, ports, process ids: what differs each time and makes no other cause.
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass(slots=True)
class Restarts:
    """How often in a row workers have failed, and when another may be tried.

    Attributes:
        failures: Since all workers were last well.
        not_before: The time of the next try, of whatever clock is used.
    """

    failures: int = 0
    not_before: float = 0.0
    _cause: str | None = None

    def fail(self, cause: str, now: float) -> tuple[float, bool]:
        """Note a failure; return the pause in seconds, and whether the cause is a new one.

        Pauses double from 1 s to 60 s.
        """
        pause = min(_LONGEST_PAUSE, 2.0**self.failures)
        self.failures += 1
        self.not_before = now + pause
        told, self._cause = self._cause, _VARYING.sub("#", cause)
        return pause, told != self._cause

    def try_now(self) -> None:
        """Forget the pause: something may be different now."""
        self.failures = 0
        self.not_before = 0.0

    def recover(self) -> None:
        """Note that all workers are well."""
        self.try_now()
        self._cause = None
