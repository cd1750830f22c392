"""How much of the machine other programs used during a measurement."""

from __future__ import annotations

import os
import time

from ferryman.local.process_usage import cpu_seconds, machine_time

__all__ = ("Watch",)


class Watch:
    """Compares the CPU time of the machine with that of this process and its children."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._machine = machine_time()
        self._own = cpu_seconds(os.getpid())

    def others(self) -> float:
        """Return the share of the machine that others used, 0 to 1, with stolen time."""
        now = machine_time()
        busy = now.busy - self._machine.busy - (cpu_seconds(os.getpid()) - self._own)
        stolen = now.stolen - self._machine.stolen
        room = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        return min(1.0, max(0.0, busy + stolen) / room) if room else 0.0
