"""What the operating system says of processes: CPU time and memory. Linux alone.

It knows nothing of what the processes do.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.errors import FerrymanError

__all__ = ("MachineTime", "cpu_seconds", "family", "machine_time", "memory_mib")

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class MachineTime:
    """CPU time of the whole machine since it started, in seconds, all processors together.

    Attributes:
        busy: In which something ran.
        stolen: In which something would have run, but the hypervisor gave the processor away.
    """

    busy: float
    stolen: float


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it and live."""
    found = [pid]
    for each in found:
        for file in Path(f"/proc/{each}/task").glob("*/children"):
            found.extend(int(child) for child in _read(file).split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, of all that descend from it, and of their dead.

    A living process's is the kernel's clock of it, in nanoseconds; that of children which
    have been waited for is kept in ticks of a hundredth of a second.

    Raises:
        FerrymanError: The process is gone.
    """
    try:
        # The clock of a process as clock_getcpuclockid(3) names it: all of its threads.
        seconds = time.clock_gettime((~pid << 3) | 2)
    except OSError:
        raise FerrymanError(
            f"the process {pid} ended while it was measured",
            hint="run the app with `ferryman serve` and send it the same requests",
        ) from None
    for each in family(pid):
        if each != pid:
            try:
                seconds += time.clock_gettime((~each << 3) | 2)
            except OSError:
                continue
        seconds += _waited_for(each)
    return seconds


def memory_mib(pid: int) -> float:
    """Return the memory of a process and its descendants, in MiB.

    What several processes share is counted once: the proportional set size (PSS) of each.
    """
    return sum(_proportional(each) for each in family(pid)) / 1024


def machine_time() -> MachineTime:
    """Return the CPU time of the machine, from /proc/stat."""
    fields = [int(word) for word in _read("/proc/stat").partition("\n")[0].split()[1:9]]
    user, nice, system, _idle, _wait, interrupts, soft, stolen = fields
    return MachineTime((user + nice + system + interrupts + soft) / _TICK, stolen / _TICK)


def _proportional(pid: int) -> int:
    """Return the proportional set size in KiB; the resident one where that is not told."""
    for file, name in ((f"/proc/{pid}/smaps_rollup", "Pss:"), (f"/proc/{pid}/status", "VmRSS:")):
        for line in _read(file).splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0


def _waited_for(pid: int) -> float:
    # The name, in brackets, may hold spaces.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICK if fields else 0.0


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
