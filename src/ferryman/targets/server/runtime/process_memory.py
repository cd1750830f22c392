"""The memory that a process holds, by which a worker is replaced that has grown too large."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("resident_memory",)

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident_memory(process: str = "self") -> float:
    """Return the memory of a process in MiB, shared pages included.

    Args:
        process: Its number, as in /proc.
    """
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * _PAGE / 2**20
