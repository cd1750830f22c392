"""Writes a file completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ("write_whole",)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file; a reader sees the old file or the new one, never a part.

    A symbolic link stays one, and its target is written. A device or a pipe, such as
    `/dev/null` or `/dev/stdout`, is written to and never replaced.

    Args:
        path: The file's path.
        content: The file's content. Text is written in UTF-8, with its line ends unchanged.

    Raises:
        OSError: The file cannot be written; no partial file is left.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not (path.is_file() or path.is_dir()):
        path.write_bytes(data)
        return
    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
