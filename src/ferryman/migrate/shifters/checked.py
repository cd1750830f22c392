"""What every write does around the balancer's own call: compare, refuse, read back, wait.

Few balancers have compare-and-swap. Comparing before the write and reading after it finds
others that write; what it cannot find is a change in between, which reads back as ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ferryman.migrate.shifters import Drift, Live, NotHealthy

__all__ = ("TOLERANCE", "write_checked")

TOLERANCE = 0.5
"""Percentage points by which whole weights may miss the percentage."""


def write_checked(
    read: Callable[[], Live],
    change: Callable[[], None],
    start: float,
    end: float,
    *,
    patience: float = 60.0,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Change the weight if it is the recorded one, and return when it is live.

    Args:
        read: Asks the balancer.
        change: Writes the new weight.
        start: The percentage that must be live.
        end: The one that is written.
        patience: Seconds to wait until it is live.
        pause: Waits.

    Raises:
        Drift: Another one is live, before or after.
        NotHealthy: The new side is to get more, and cannot take it.
    """
    live = read()
    if live.weight is None or abs(live.weight - start) > TOLERANCE:
        raise Drift(live.weight, start)
    if end > start and not live.new_healthy:
        raise NotHealthy("the new side is not healthy: the weight stays as it is")
    change()
    waited, delay = 0.0, 0.05
    while True:
        live = read()
        if live.weight is not None and abs(live.weight - end) <= TOLERANCE:
            return
        if waited >= patience:
            raise Drift(live.weight, end)
        pause(delay)
        waited, delay = waited + delay, min(delay * 2, 5.0)
