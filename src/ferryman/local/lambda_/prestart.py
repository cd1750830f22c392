"""Starts the runtime ahead: imports everything except the app, and waits.

After a line on standard input, the process continues as the runtime that ships. If standard input
ends without a line, the process ends.
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
    """Wait for a line on standard input, then run the runtime with the same arguments."""
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
