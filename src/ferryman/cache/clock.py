"""The clock for stores that have no clock of their own."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ("Clock",)


def _elapsed() -> float:
    # It goes on while the machine sleeps; without it, use the usual monotonic clock.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Clock:
    """A clock that agrees with the wall's and never steps back.

    Setting the wall clock back would revive expired values. So this clock then follows the
    monotonic clock until the wall clock has caught up. If the wall clock jumps ahead, for example
    after a freeze, this one follows.

    Args:
        wall: Returns the wall clock's seconds since 1970.
        elapsed: Returns monotonic seconds.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = _elapsed,
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._ahead = wall() - elapsed()

    def now(self) -> float:
        """Return the seconds since 1970."""
        elapsed = self._elapsed()
        self._ahead = max(self._ahead, self._wall() - elapsed)
        return elapsed + self._ahead

    def milliseconds(self) -> int:
        """Return the milliseconds since 1970."""
        return int(self.now() * 1000)
