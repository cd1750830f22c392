"""The memory that a process holds, by which a worker is replaced that has grown too large."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("resident_memory",)

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_memory() -> float:
    """Return the memory of this process in MiB, shared pages included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE / 2**20
