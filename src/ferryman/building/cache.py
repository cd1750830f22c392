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

__all__ = ("cache_directory", "cached", "digest_of", "home_directory", "made_once")

_UNUSED_AFTER = 30 * 86400.0
"""Seconds after which an unused directory is removed."""

_DONE = ".done"


def home_directory() -> Path:
    """Return the user's home; a path below which nothing can exist, if the user has none.

    The user of a container often has neither a HOME nor an entry in /etc/passwd.
    """
    try:
        home = Path.home()
    except RuntimeError:
        return Path(os.devnull)
    return home if home.is_absolute() else Path(os.devnull)


def cache_directory() -> Path:
    """Return ferryman's directory in the user's cache (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else home_directory() / ".cache") / "ferryman"


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
    home = cache_directory() / kind
    if not (_use(home / key) or _is_writable(home)):
        home = scratch / kind
    return made_once(home, key, make)


def _is_writable(home: Path) -> bool:
    """Return whether directories can be made in `home`; it is made if it does not exist."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(home, os.W_OK | os.X_OK)


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
