"""Reads CPU time and memory of processes from the operating system. Linux only."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.errors import FerrymanError

__all__ = (
    "MachineTime",
    "cpu_seconds",
    "family",
    "machine_time",
    "memory_mib",
    "peak_mib",
    "resident_and_peak",
    "waited_seconds",
)

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class MachineTime:
    """CPU time of the whole machine since its start, in seconds, summed over its CPUs.

    Attributes:
        busy: CPU time in which something ran.
        stolen: CPU time that the hypervisor gave to other machines.
    """

    busy: float
    stolen: float


def family(pid: int) -> list[int]:
    """Return the ids of a process and of its living descendants."""
    pids = [pid]
    for each in pids:
        for file in Path(f"/proc/{each}/task").glob("*/children"):
            pids.extend(int(child) for child in _read(file).split())
    return pids


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its descendants, in seconds, with ended children.

    The kernel measures a living process in nanoseconds. It keeps the time of ended children, for
    which their parent has waited, in hundredths of a second.

    Raises:
        FerrymanError: The process has ended.
    """
    try:
        # The id of a process's clock, for all of its threads, as in clock_getcpuclockid(3).
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
        seconds += _ended_children(each)
    return seconds


def waited_seconds(pid: int) -> float:
    """Return the seconds that a process and its descendants were ready to run but had no CPU.

    It is 0 if the kernel does not measure this (CONFIG_SCHED_INFO).
    """
    waited = 0
    for each in family(pid):
        for file in Path(f"/proc/{each}/task").glob("*/schedstat"):
            waited += int((_read(file).split() or ("0", "0"))[1])
    return waited / 1e9


def memory_mib(pid: int) -> float:
    """Return the memory of a process and its descendants, in MiB.

    The sum has all memory of the largest process and the private memory of the others, because
    a child shares unchanged pages with its parent.
    """
    return _together(_Held.of(each) for each in family(pid)) / 1024


def peak_mib(pid: int) -> float:
    """Return the peak memory of a process and its descendants, in MiB.

    The kernel knows the peak of each process. The sum assumes that all peaks were at the same time.
    """
    held = [_Held.of(each) for each in family(pid)]
    return (_together(held) + sum(each.peak - each.resident for each in held)) / 1024


def machine_time() -> MachineTime:
    """Return the CPU time of the machine, from /proc/stat."""
    fields = [int(word) for word in _read("/proc/stat").partition("\n")[0].split()[1:9]]
    user, nice, system, _idle, _wait, interrupts, soft, stolen = fields
    return MachineTime((user + nice + system + interrupts + soft) / _TICK, stolen / _TICK)


def resident_and_peak(pid: int) -> tuple[int, int]:
    """Return a process's current and peak memory in bytes; 0 if unknown."""
    status = _kibibytes(f"/proc/{pid}/status")
    resident = status.get("VmRSS", 0)
    return resident * 1024, max(resident, status.get("VmHWM", 0)) * 1024


@dataclass(frozen=True, slots=True)
class _Held:
    """The memory of a process in KiB: current, peak, and private."""

    resident: int
    peak: int
    own: int

    @classmethod
    def of(cls, pid: int) -> _Held:
        status = _kibibytes(f"/proc/{pid}/status")
        rollup = _kibibytes(f"/proc/{pid}/smaps_rollup")
        resident = status.get("VmRSS", 0)
        own = rollup.get("Private_Clean", 0) + rollup.get("Private_Dirty", 0)
        return cls(resident, max(resident, status.get("VmHWM", 0)), own if rollup else resident)


def _together(held: Iterable[_Held]) -> int:
    ordered = sorted(held, key=lambda each: each.resident)
    return ordered[-1].resident + sum(each.own for each in ordered[:-1])


def _kibibytes(file: str) -> dict[str, int]:
    """Return the lines of a file that end in kB."""
    lines = (line.split() for line in _read(file).splitlines() if line.endswith(" kB"))
    return {words[0].rstrip(":"): int(words[-2]) for words in lines}


def _ended_children(pid: int) -> float:
    # The name, in brackets, may contain spaces.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICK if fields else 0.0


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
