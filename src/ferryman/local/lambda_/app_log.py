"""The log of a local function, formatted for the developer of its app.

A record may have several lines. In tracebacks, AWS's runtime client shows the runtime's frames
above the app's. Lambda's own lines stay as they are.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import ferryman

__all__ = ("TITLE", "is_of_lambda", "own_entries", "own_frames", "readable")

# The line advises to check whether AWS changed the runtime, which does not apply here.
_ADVICE = "LAMBDA_WARNING: Unhandled exception"
TITLE = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)"')
_FOREIGN = (f"{Path(ferryman.__file__).parent}{os.sep}", "<frozen importlib")
_FRAMEWORK = re.compile(r"/importlib/__init__\.py$|/site-packages/(aiohttp|aiosignal)/")
_OF_LAMBDA = re.compile(r"(START|END|REPORT) RequestId: |INIT_REPORT ")


def is_of_lambda(line: str) -> bool:
    """Return whether Lambda wrote a line, and not the function."""
    return _OF_LAMBDA.match(line) is not None


def readable(entry: str) -> list[str]:
    """Return the lines to show for an entry of the log."""
    if _ADVICE in entry:
        return []
    return own_frames(entry.replace("\xa0", " ").splitlines())


def own_entries(trace: list[str]) -> list[str]:
    """Return the app's entries in a stack trace, which has a frame in each entry."""
    return [entry for entry in trace if own_frames(entry.splitlines())]


def own_frames(lines: list[str]) -> list[str]:
    """Return lines without those traceback frames that are not the app's."""
    kept: list[str] = []
    foreign = False
    for line in lines:
        if frame := _FRAME.match(line):
            file = frame["file"]
            foreign = file.startswith(_FOREIGN) or _FRAMEWORK.search(file) is not None
        elif not line.startswith("    "):
            foreign = False
        if line and not foreign:
            kept.append(line)
    # Drop a title without a frame below it.
    last = len(kept) - 1
    return [
        text
        for number, text in enumerate(kept)
        if text != TITLE or (number < last and _FRAME.match(kept[number + 1]))
    ]
