"""Finds how many CPUs this process may use, from its cgroup's quota and its affinity.

Python's own count ignores the quota, which limits containers and systemd units.
Formats: the kernel's Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import floor
from pathlib import Path

__all__ = ("available_workers", "cpu_quota", "workers_for")

Reader = Callable[[Path], float]

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def workers_for(quota: float | None, affinity: int) -> int:
    """Return the number of workers for the CPUs. One event loop fills one CPU.

    The number is rounded down, because the kernel would stop a worker with half a CPU half of the
    time.

    Args:
        quota: The CPUs that the cgroup may use, or None.
        affinity: CPUs that the process may run on.
    """
    return max(1, floor(affinity if quota is None else min(quota, affinity)))


def available_workers() -> int:
    """Return the number of workers for the CPUs this process may use."""
    return workers_for(cpu_quota(), len(os.sched_getaffinity(0)))


def cpu_quota(root: Path = _ROOT, membership: Path = _MEMBERSHIP) -> float | None:
    """Return the CPUs that the cgroup may use, or None without a limit.

    The limits of its parents apply too, so this is the lowest of all.

    Args:
        root: Where cgroups are mounted.
        membership: The file with this process's cgroups.
    """
    quotas: list[float] = []
    for group, read in _groups(root, membership):
        for directory in (group, *group.parents):
            # A missing file, or one without a number ("max"), sets no limit.
            with suppress(OSError, ValueError, ZeroDivisionError):
                quotas.append(read(directory))
            if directory == root:
                break
    return min((quota for quota in quotas if quota > 0), default=None)


def _groups(root: Path, membership: Path) -> Iterator[tuple[Path, Reader]]:
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            relative = path.lstrip("/")
            if number == "0":
                yield root / relative, _read_v2
            elif "cpu" in controllers.split(","):
                for name in (controllers, "cpu"):
                    yield root / name / relative, _read_v1


def _read_v2(directory: Path) -> float:
    quota, period = (directory / "cpu.max").read_text().split()
    return int(quota) / int(period)


def _read_v1(directory: Path) -> float:
    quota = int((directory / "cpu.cfs_quota_us").read_text())
    return quota / int((directory / "cpu.cfs_period_us").read_text())
