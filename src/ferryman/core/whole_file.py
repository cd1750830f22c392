"""Writes a file whole or not at all. It knows nothing of what is in it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("write_whole",)


def write_whole(path: Path, text: str) -> None:
    """Write a file in UTF-8; a reader meets the old one or the new one, never a part.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
