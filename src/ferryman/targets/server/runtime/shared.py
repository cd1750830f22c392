"""The directory, in memory, that the workers of one server share.

It goes when the server ends. One that is killed leaves its own behind, and the next server of
the same user takes it away: a lock on it is held for as long as any process of its server
lives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("shared_directory",)

_PREFIX = "ferryman-server-"


@contextmanager
def shared_directory(parent: str | None) -> Iterator[Path]:
    """Make the directory, and remove it when the process that made it leaves the block.

    Args:
        parent: Where to make it; None is the system's place for temporary files.
    """
    home = Path(parent or tempfile.gettempdir())
    _sweep(home)
    made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=home))
    # Workers inherit the lock, and keep it if they outlive the master.
    lock = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    directory = made.rename(home / made.name.removeprefix("."))  # locked before it can be found
    owner = os.getpid()
    try:
        yield directory
    finally:
        if os.getpid() == owner:
            shutil.rmtree(directory, ignore_errors=True)
            os.close(lock)


def _sweep(home: Path) -> None:
    """Remove what servers left behind that were killed."""
    for found in home.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another user's, or somebody was faster
            lock = os.open(found, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.getuid():
                    shutil.rmtree(found, ignore_errors=True)
            finally:
                os.close(lock)
