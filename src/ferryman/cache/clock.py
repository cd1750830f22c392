"""The time that stores without a clock of their own go by."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ("Clock",)


def _elapsed() -> float:
    # It goes on while the machine sleeps; where there is none, the usual clock has to do.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Clock:
    """A clock that agrees with the wall's and never steps back.

    A wall clock that is set back would bring expired values to life again. So the time runs on
    from where it was, by the monotonic clock, until the wall's has caught up. What sets the
    wall clock ahead, a frozen process among them, sets this one ahead, too.

    Args:
        wall: Tells the wall clock's seconds since 1970.
        elapsed: Tells seconds since some time that stays the same.
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
