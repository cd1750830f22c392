"""The user's cache of prepared directories, each made once and never changed.

Each is named by a digest of its inputs. Concurrent builds may make the same one: the first to
finish moves it into place by a rename, and the others use that.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ("cache_directory", "cached", "digest_of", "made_once")

_UNUSED_AFTER = 30 * 86400.0
"""Seconds after which an unused directory is removed."""

_DONE = ".done"


def cache_directory() -> Path:
    """Return ferryman's directory in the user's cache (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "ferryman"


def digest_of(*values: object) -> str:
    """Return a digest of plain JSON values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def made_once(home: Path, key: str, make: Callable[[Path], None]) -> Path:
    """Return the directory of a key, making it if it does not exist.

    Args:
        home: The parent of such directories.
        key: The digest of its inputs.
        make: Fills an empty directory. If it raises, the directory is removed.

    Raises:
        OSError: The directory cannot be written.
    """
    place = home / key
    if not _use(place):
        home.mkdir(parents=True, exist_ok=True)
        _remove_unused(home)
        _make(place, make)
    return place


def cached(kind: str, key: str, make: Callable[[Path], None], scratch: Path) -> Path:
    """Return the directory of a key in the user's cache; in `scratch` if that is not writable.

    Raises:
        OSError: The directory cannot be written.
    """
    try:
        return made_once(cache_directory() / kind, key, make)
    except PermissionError:
        return made_once(scratch / kind, key, make)


def _use(place: Path) -> bool:
    """Update a directory's time of last use; return whether it exists."""
    with suppress(OSError):
        os.utime(place / _DONE)
    return (place / _DONE).is_file()


def _make(place: Path, make: Callable[[Path], None]) -> None:
    stage = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
    try:
        make(stage)
        (stage / _DONE).touch()
        stage.chmod(0o755)
        try:
            stage.rename(place)
        except OSError:
            if not _use(place):  # for another reason than a faster build
                raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _remove_unused(home: Path) -> None:
    oldest = time.time() - _UNUSED_AFTER
    for place in home.iterdir():
        with suppress(OSError):
            mark = place / _DONE if (place / _DONE).exists() else place
            if mark.stat().st_mtime < oldest:
                shutil.rmtree(place, ignore_errors=True)
