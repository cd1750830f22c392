"""Whether the machine was quiet enough for figures to be believed."""

from __future__ import annotations

import os
import time

from ferryman.core.measurement import Estimate
from ferryman.measure.processes import cpu_seconds, machine_time

__all__ = ("OTHERS_LIMIT", "SPREAD_LIMIT", "Watch", "doubt_load", "doubt_spread")

OTHERS_LIMIT = 0.1
"""The share of the machine that others may take: with more of it, times are theirs as well."""

SPREAD_LIMIT = 0.1
"""How far an interval may reach to either side, as a share of the figure."""


class Watch:
    """Compares what the machine did since now with what this process and its children did."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._machine = machine_time()
        self._own = cpu_seconds(os.getpid())

    def others(self) -> float:
        """Return the share of the machine that others had, 0 to 1; what is stolen is theirs."""
        now = machine_time()
        busy = now.busy - self._machine.busy - (cpu_seconds(os.getpid()) - self._own)
        stolen = now.stolen - self._machine.stolen
        room = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return min(1.0, max(0.0, busy + stolen) / room) if room else 0.0


def doubt_load(others: float) -> str | None:
    """Return why the load of the machine makes figures doubtful, or None."""
    if others <= OTHERS_LIMIT:
        return None
    return (
        f"other programs took {others:.0%} of the machine's CPU time, and {OTHERS_LIMIT:.0%} is"
        " the most that figures can be trusted with"
    )


def doubt_spread(what: str, figure: Estimate) -> str | None:
    """Return why the spread of repeats makes a figure doubtful, or None."""
    reach = max(figure.high - figure.value, figure.value - figure.low)
    if reach <= SPREAD_LIMIT * figure.value:
        return None
    return (
        f"{what}: the repeats differ too much: {figure.value:.3g} ms, but anything from"
        f" {figure.low:.3g} to {figure.high:.3g}"
    )
