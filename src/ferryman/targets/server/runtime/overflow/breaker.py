"""Says whether the other side is to be asked: not while it fails, and not too often."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ("Breaker", "ShareCap")

# Failures in a row after which the other side is left alone, and for how many seconds: twice as
# long each time that it fails again.
_FAILURES = 5
_PAUSE = 1.0
_LONGEST = 30.0

# Seconds over which shares are counted, and requests that may always go.
_WINDOW = 10.0
_ALWAYS = 20


class Breaker:
    """Leaves the other side alone for a while when it has failed several times in a row.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = _PAUSE
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the other side is left alone."""
        return self._until > 0

    def allows(self) -> bool:
        """Return whether to ask now; after a pause, one request finds out for all."""
        if not self._until:
            return True
        if self._clock() < self._until:
            return False
        self._until = self._clock() + self._pause
        return True

    def succeeded(self) -> bool:
        """Note an answer, and return whether the other side was left alone before."""
        was_open, self._failures = self.is_open, 0
        self._until, self._pause = 0.0, _PAUSE
        return was_open

    def failed(self) -> bool:
        """Note a failure, and return whether the other side is left alone from now on."""
        self._failures += 1
        if self._failures < _FAILURES:
            return False
        first = not self.is_open
        self._until = self._clock() + self._pause
        self._pause = min(_LONGEST, 2 * self._pause)
        return first


class ShareCap:
    """Bounds which share of the requests goes to the other side, over the last seconds.

    Args:
        share: At most, from 0 to 1.
        clock: Tells the time in seconds.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._began = clock()
        # Of the window that runs, and of the one before it.
        self._all = [0, 0]
        self._sent = [0, 0]

    def saw(self) -> None:
        """Count a request, wherever it is answered."""
        self._turn()
        self._all[0] += 1

    def allows(self) -> bool:
        """Return whether one more may go, and count it if so."""
        self._turn()
        sent = sum(self._sent) + 1
        if sent > _ALWAYS and sent > self._share * sum(self._all):
            return False
        self._sent[0] += 1
        return True

    def _turn(self) -> None:
        passed = self._clock() - self._began
        if passed >= _WINDOW:
            old = passed < 2 * _WINDOW
            self._all = [0, self._all[0] if old else 0]
            self._sent = [0, self._sent[0] if old else 0]
            self._began = self._clock()
