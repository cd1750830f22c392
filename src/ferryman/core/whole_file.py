"""Writes a file whole or not at all. It knows nothing of what is in it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("write_whole",)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file; a reader meets the old one or the new one, never a part.

    Args:
        path: Where it is to be.
        content: What is to be in it, byte for byte. Text is written in UTF-8, its line ends as
            they are.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    data = content.encode() if isinstance(content, str) else content
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
