"""Detects whether an event loop stalls so much that passing connections on pays off."""

from __future__ import annotations

import asyncio

__all__ = ("Stalls",)

# Seconds between two measurements while requests arrive.
_TICK = 0.01
_WINDOW = 0.5

# Seconds by which a tick is late on any machine.
_JITTER = 0.002

# Seconds of stall for each request above which connections are passed on, and below which this
# ends. Passing one on costs about 0.2 ms in three processes.
_WORTH = 0.002
_NOT_WORTH = 0.001


class Stalls:
    """Measures the stalls of an event loop.

    It measures the time of stalls for each request. A loop that is only busy with many small
    requests stalls for less than 1 ms in each.

    Attributes:
        found: Whether other workers should get its idle connections.
    """

    def __init__(self) -> None:
        self.found = False
        self._loop = asyncio.get_running_loop()
        self._tick: asyncio.TimerHandle | None = None
        self._late = 0.0
        self._requests = 0.0
        self._window = 0.0

    def answered(self) -> None:
        """Count a request, and measure the loop for a while."""
        self._requests += 1
        if self._tick is None:
            self._window = self._loop.time() + _WINDOW
            self._wait()

    def stop(self) -> None:
        """Stop measuring."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None

    def _wait(self) -> None:
        self._tick = self._loop.call_later(_TICK, self._look, self._loop.time() + _TICK)

    def _look(self, due: float) -> None:
        now = self._loop.time()
        late = now - due
        if late > _JITTER:
            self._late += late
        each = self._late / max(1.0, self._requests)
        if each > _WORTH:
            self.found = True
        if now < self._window:
            self._wait()
            return
        if self._requests >= 1 and each < _NOT_WORTH:
            self.found = False
        self._late /= 2
        self._requests /= 2
        self._window = now + _WINDOW
        if self._requests > 0.1:
            self._wait()
        else:
            self._tick = None
