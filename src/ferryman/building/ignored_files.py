"""Asks git which files it ignores. Without a repository or git, there are none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ("ignored_by_git",)


def ignored_by_git(root: Path) -> frozenset[Path]:
    """Return the files and directories under a directory that git ignores, as absolute paths.

    If a whole directory is ignored, only the directory is named.
    """
    # gitignore(5): --directory does not look into what is ignored whole.
    command = ["git", "-C", str(root), "ls-files", "-z", "--others", "--ignored"]
    try:
        done = subprocess.run(
            [*command, "--exclude-standard", "--directory"], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    names = filter(None, done.stdout.split(b"\0"))
    return frozenset(root / os.fsdecode(name) for name in names)
