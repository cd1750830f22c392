"""Changes the share of the traffic that the new side gets, one module for each balancer.

A shifter knows a balancer and the names that it has for both sides. It decides nothing: when
to move, and where to, is `machine`'s affair.
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
    """What the balancer does now.

    Attributes:
        weight: The new side's percentage, or None where it has not joined.
        old_healthy: Whether the old side can take traffic.
        new_healthy: Whether the new side can.
        credentials: Seconds for which the weight can still be changed; None for ever.
    """

    weight: float | None
    old_healthy: bool = True
    new_healthy: bool = True
    credentials: float | None = None


class Shifter(Protocol):
    """A balancer between an old side and a new one."""

    def read(self) -> Live:
        """Return the weight that is live, and whether each side can take traffic.

        Raises:
            FerrymanError: The balancer cannot be asked.
        """

    def join(self) -> None:
        """Let the new side join with a weight of 0; nothing changes where it has joined.

        Raises:
            FerrymanError: The balancer refuses.
        """

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage, and return once the change has arrived.

        Args:
            start: The percentage that must be live.
            end: The one that is to be.

        Raises:
            Drift: Another one is live, or the change did not arrive.
            NotHealthy: The new side is to get more, and cannot take it.
            FerrymanError: The balancer refuses.
        """


class Drift(FerrymanError):
    """The live weight is not the recorded one."""

    def __init__(self, live: float | None, recorded: float) -> None:
        shown = "none" if live is None else f"{live:.4g} %"
        super().__init__(f"the live weight is {shown}, and not {recorded:g} %")
        self.live = live


class NotHealthy(FerrymanError):
    """The side that is to get more traffic cannot take it."""


_TOLERANCE = 0.5
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

    Few balancers have compare-and-swap. Comparing before the write and reading after it finds
    others that write; what it cannot find is a change in between, which reads back as ours.

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
