"""Decides whether to use the other side: not while it fails, and not beyond a share."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ("Breaker", "ShareCap")

# Consecutive failures after which requests stay here, and for how many seconds; the time doubles
# with each further failure.
_FAILURES = 5
_PAUSE = 1.0
_LONGEST = 30.0

# Seconds over which the share is measured, and requests that may always go.
_WINDOW = 10.0
_ALWAYS = 20


class Breaker:
    """A circuit breaker: it pauses after several consecutive failures of the other side.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = _PAUSE
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether requests stay here."""
        return self._until > 0

    def allows(self) -> bool:
        """Return whether to use the other side; after a pause, one request tries it for all."""
        if not self._until:
            return True
        if self._clock() < self._until:
            return False
        self._until = self._clock() + self._pause
        return True

    def succeeded(self) -> bool:
        """Record a response, and return whether requests stayed here before it."""
        was_open, self._failures = self.is_open, 0
        self._until, self._pause = 0.0, _PAUSE
        return was_open

    def failed(self) -> bool:
        """Record a failure, and return whether requests stay here from now on."""
        self._failures += 1
        if self._failures < _FAILURES:
            return False
        first = not self.is_open
        self._until = self._clock() + self._pause
        self._pause = min(_LONGEST, 2 * self._pause)
        return first


class ShareCap:
    """Limits the share of the requests that go to the other side, over the last seconds.

    Args:
        share: The largest share, from 0 to 1.
        clock: Returns the time in seconds.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._began = clock()
        # Counts of the current window, and of the one before it.
        self._all = [0, 0]
        self._sent = [0, 0]

    def saw(self) -> None:
        """Count a request, whichever side answers it."""
        self._turn()
        self._all[0] += 1

    def allows(self) -> bool:
        """Return whether one more request may go, and count it if so."""
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
