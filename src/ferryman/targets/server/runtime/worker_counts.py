"""Adds up the counts of all workers of a server, so that each worker can report the total.

Each worker has a file in the server's directory, and holds a lock on it while it runs. So a file
without a lock belongs to an ended worker, also to a killed one. The counts of ended workers are
added to a common file, so no total decreases. If a worker is killed, its counts since the last
write are lost.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from typing import Any

from ferryman.targets.server.runtime.metrics import Counts, Gauges

__all__ = ("PERIOD", "WorkerCounts")

PERIOD = 1.0
"""Seconds after which a worker writes its counts again."""

_ENDED = "ended"
_SUFFIX = ".json"


class WorkerCounts:
    """A worker's part of the server's counts.

    Args:
        directory: A directory that only this server uses.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = str(os.getpid())
        with self._alone():  # without the lock, a reader would treat this worker as ended
            self._lock = _open(directory / self._name)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def write(self, counts: Counts, gauges: Gauges) -> None:
        """Write this worker's counts for the others."""
        self._put(self._name, {"counts": counts.to_json(), "gauges": asdict(gauges)})

    def read(self) -> tuple[Counts, dict[str, Gauges], int]:
        """Return the total counts, the gauges of live workers, and the number of ended workers."""
        with self._alone():
            ended = self._ended()
            counts = Counts.from_json(ended["counts"])
            gauges: dict[str, Gauges] = {}
            for name in self._names():
                kept = self._get(name)
                if kept is not None:
                    counts.merge(Counts.from_json(kept["counts"]))
                    gauges[name] = Gauges(**kept["gauges"])
        return counts, gauges, ended["workers"]

    def close(self) -> None:
        """Release the lock: this worker has ended."""
        self._lock.close()

    def _ended(self) -> dict[str, Any]:
        """Return the counts of ended workers, including those that ended since the last call."""
        ended = self._get(_ENDED) or {"counts": {}, "workers": 0}
        gone = [name for name in self._names() if self._has_ended(name)]
        if gone:
            counts = Counts.from_json(ended["counts"])
            for name in gone:
                kept = self._get(name)
                if kept is not None:
                    counts.merge(Counts.from_json(kept["counts"]))
            ended = {"counts": counts.to_json(), "workers": ended["workers"] + len(gone)}
            self._put(_ENDED, ended)
            for name in gone:
                (self._directory / f"{name}{_SUFFIX}").unlink(missing_ok=True)
                (self._directory / name).unlink()
        return ended

    def _has_ended(self, name: str) -> bool:
        if name == self._name:
            return False
        with _open(self._directory / name) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
        return True

    def _names(self) -> list[str]:
        return [entry.name for entry in self._directory.iterdir() if entry.name.isdigit()]

    def _get(self, name: str) -> dict[str, Any] | None:
        with suppress(OSError):
            kept: dict[str, Any] = json.loads((self._directory / f"{name}{_SUFFIX}").read_bytes())
            return kept
        return None

    def _put(self, name: str, value: object) -> None:
        new = self._directory / f"{name}.{self._name}.new"
        new.write_text(json.dumps(value), encoding="utf-8")
        new.replace(self._directory / f"{name}{_SUFFIX}")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with _open(self._directory / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _open(path: Path) -> FileIO:
    return FileIO(path, "a")
