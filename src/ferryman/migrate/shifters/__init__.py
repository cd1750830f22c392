"""Changes the new side's share of the traffic, with one module for each balancer.

A shifter knows a balancer and its names for both sides. It must not decide when to move, or to
which weight: `machine` does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ferryman.core.errors import FerrymanError

__all__ = ("Drift", "Live", "NotHealthy", "Shifter", "write_checked")


@dataclass(frozen=True, slots=True)
class Live:
    """The live state of the balancer.

    Attributes:
        weight: The new side's percentage, or None if it has not joined.
        old_healthy: Whether the old side can take traffic.
        new_healthy: Whether the new side can.
        credentials: Seconds until the credentials for changing the weight expire; None if never.
    """

    weight: float | None
    old_healthy: bool = True
    new_healthy: bool = True
    credentials: float | None = None


class Shifter(Protocol):
    """A balancer between an old side and a new one."""

    def read(self) -> Live:
        """Return the live weight, and whether each side can take traffic.

        Raises:
            FerrymanError: The balancer does not respond.
        """

    def join(self) -> None:
        """Let the new side join with a weight of 0; do nothing if it has joined.

        Raises:
            FerrymanError: The balancer refuses.
        """

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage, and return once the change is live.

        Args:
            start: The percentage that must be live.
            end: The new percentage.

        Raises:
            Drift: Another percentage is live, or the change did not take effect.
            NotHealthy: The new side should get more traffic, and is not healthy.
            FerrymanError: The balancer refuses.
        """


class Drift(FerrymanError):
    """The live weight is not the recorded one."""

    def __init__(self, live: float | None, recorded: float) -> None:
        shown = "none" if live is None else f"{live:.4g} %"
        super().__init__(f"the live weight is {shown}, and not {recorded:g} %")
        self.live = live


class NotHealthy(FerrymanError):
    """The side that should get more traffic is not healthy."""


_TOLERANCE = 0.5
"""Tolerance in percentage points, because weights are whole numbers."""


def write_checked(
    read: Callable[[], Live],
    change: Callable[[], None],
    start: float,
    end: float,
    *,
    patience: float = 60.0,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Change the weight if the recorded one is live, and return once the new one is live.

    Few balancers have compare-and-swap. This reads before and after the write, which detects other
    writers, except for a change between the first read and the write.

    Args:
        read: Reads the live state.
        change: Writes the new weight.
        start: The percentage that must be live.
        end: The one that is written.
        patience: Seconds to wait until it is live.
        pause: Waits.

    Raises:
        Drift: Another percentage is live, before or after the write.
        NotHealthy: The new side should get more traffic, and is not healthy.
    """
    live = read()
    if live.weight is None or abs(live.weight - start) > _TOLERANCE:
        raise Drift(live.weight, start)
    if end > start and not live.new_healthy:
        raise NotHealthy("the new side is not healthy: the weight stays as it is")
    change()
    waited, delay = 0.0, 0.05
    while True:
        live = read()
        if live.weight is not None and abs(live.weight - end) <= _TOLERANCE:
            return
        if waited >= patience:
            raise Drift(live.weight, end)
        pause(delay)
        waited, delay = waited + delay, min(delay * 2, 5.0)
