"""The directory in memory that the workers of a server share.

The server removes it at its end. If a server is killed, the next server of the same user removes
its directory: every process of a server holds a lock on the directory while it runs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("scratch_directory", "shared_directory")

# It holds the heartbeat files and the metrics of workers. In memory they use no disk, and need no
# writable one.
_MEMORY = "/dev/shm"  # noqa: S108 - the system's own, not a name we make up

_PREFIX = "ferryman-server-"


def scratch_directory() -> Path:
    """Return a directory for temporary files, in memory if there is one.

    Raises:
        ConfigError: The process cannot write to any such directory.
    """
    if os.access(_MEMORY, os.W_OK | os.X_OK):
        return Path(_MEMORY)
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise ConfigError(
            "the server may write to no directory for temporary files",
            cause=f"{_MEMORY}: not writable; {error.strerror}",
            hint="mount a tmpfs at /tmp or /dev/shm, or name a directory in TMPDIR",
        ) from error


@contextmanager
def shared_directory(home: Path) -> Iterator[Path]:
    """Create the directory; the process that created it removes it after the block.

    Args:
        home: The parent directory.
    """
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
    """Remove the directories of killed servers."""
    for found in home.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another user's, or another server was faster
            lock = os.open(found, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.getuid():
                    shutil.rmtree(found, ignore_errors=True)
            finally:
                os.close(lock)
