"""Measures a worker's memory, so that a worker that has grown too large is replaced."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("resident_memory",)

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_memory() -> float:
    """Return the memory of this process in MiB, shared pages included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE / 2**20
