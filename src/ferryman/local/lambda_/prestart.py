"""Starts the runtime in advance: it imports all but the app, and waits.

A line on standard input lets it go on as the runtime that ships; an end without one means
that it will not be needed.
"""

from __future__ import annotations

import os
import runpy
import sys
from importlib import import_module

__all__ = ("main",)

_RUNTIME = "ferryman.targets.lambda_.runtime"
_NEEDED = (
    "aiohttp.web",
    "awslambdaric.bootstrap",
    f"{_RUNTIME}.client",
    f"{_RUNTIME}.extension",
    f"{_RUNTIME}.handler",
)


def main() -> None:
    """Run as the runtime, with the same arguments, once told to."""
    for name in _NEEDED:
        import_module(name)
    if not os.read(sys.stdin.fileno(), 1):
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    runpy.run_module(_RUNTIME, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
