"""The log of a local function, formatted for the developer of its app.

A record may have several lines, and AWS's runtime client shows the frames of the runtime above
those of the app. What Lambda itself writes is left as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import ferryman

__all__ = ("TITLE", "is_of_lambda", "own_entries", "own_frames", "readable")

# Its advice is to see whether AWS has changed the runtime. Here AWS has not.
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
    """Return the lines to show for one entry of the log."""
    if _ADVICE in entry:
        return []
    return own_frames(entry.replace("\xa0", " ").splitlines())


def own_entries(trace: list[str]) -> list[str]:
    """Return the frames of an error document that are the app's, each an entry of its own."""
    return [entry for entry in trace if own_frames(entry.splitlines())]


def own_frames(lines: list[str]) -> list[str]:
    """Return lines with a traceback among them, less the frames that are not the app's."""
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
    # A title without a frame below it says nothing.
    last = len(kept) - 1
    return [
        text
        for number, text in enumerate(kept)
        if text != TITLE or (number < last and _FRAME.match(kept[number + 1]))
    ]
