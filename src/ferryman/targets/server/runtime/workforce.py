"""Files between master and workers: how many workers are ready, and why one failed to start.

They are in the directory that the processes of a server share.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ferryman.core.errors import FerrymanError

__all__ = ("Workforce", "missing_workers", "take_failure", "write_failure", "write_workforce")

_FILE = "workforce"


class Workforce(NamedTuple):
    """The workers of one server.

    Attributes:
        wanted: The required number of workers.
        ready: The number of ready workers.
    """

    wanted: int
    ready: int


def write_workforce(directory: Path, workforce: Workforce) -> None:
    """Write the numbers of workers, completely or not at all."""
    new = directory / f"{_FILE}.new"
    with suppress(OSError):  # the disk is full; the earlier numbers stay
        new.write_text(json.dumps(workforce), encoding="utf-8")
        new.replace(directory / _FILE)


def missing_workers(directory: Path) -> int:
    """Return how many workers are missing; 0 if no number was written yet."""
    try:
        wanted, ready = json.loads((directory / _FILE).read_bytes())
    except (OSError, ValueError):
        return 0
    return max(0, int(wanted) - int(ready))


def write_failure(directory: Path, pid: int, error: FerrymanError) -> None:
    """Write the reason why a worker could not start.

    Args:
        directory: The directory that the processes of the server share.
        pid: The worker's process id.
        error: The reason.

    Raises:
        OSError: The file cannot be written.
    """
    _failure(directory, pid).write_text(json.dumps(error.as_dict()), encoding="utf-8")


def take_failure(directory: Path, pid: int) -> FerrymanError | None:
    """Return the reason why a worker could not start, and remove it; None if there is none."""
    file = _failure(directory, pid)
    try:
        error = FerrymanError.from_dict(json.loads(file.read_bytes()))
        file.unlink()
    except (OSError, ValueError):
        return None
    return error


def _failure(directory: Path, pid: int) -> Path:
    return directory / f"failure-{pid}"
