"""A cache of resolutions, valid as long as an index's own responses.

uv asks PyPI's index again after ten minutes. Within that time it would return the same pins, so a
build after an edit need not run it. The digests of base images are cached for the same time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from ferryman.building.cache import cache_directory, cached, digest_of, home_directory

__all__ = ("found_lately", "resolved_lately")

_GOOD_FOR = 600.0
"""Seconds: the max-age of the responses of PyPI's index."""

_FOUND = "found.json"

_Found = TypeVar("_Found")

# Options that name no file.
_FLAGS = ("--allow-insecure-host", "--index", "--no-index", "--prerelease", "-i")

# The files with uv's settings, beside its variables: "Configuration files" in uv's manual.
_SETTINGS = ("pyproject.toml", "uv.toml")


def resolved_lately(
    requirements: Sequence[str],
    about: object,
    root: Path,
    scratch: Path,
    resolve: Callable[[], tuple[str, ...]],
) -> tuple[str, ...]:
    """Return the pins of requirements, resolved now or within the last ten minutes.

    Args:
        requirements: Lines of a requirements file. If one names files of this machine, the cache is
            not used.
        about: The other inputs of the resolution, as plain JSON values.
        root: The project's directory, whose settings of uv count.
        scratch: A directory for files that cannot be cached.
        resolve: Resolves them.

    Raises:
        BaseException: `resolve` raised it.
        OSError: The cache cannot be written.
    """
    if any(map(_may_change, requirements)):
        return resolve()
    asked = [list(requirements), about, _settings(root)]
    return tuple(found_lately("pins", asked, scratch, lambda: [*resolve()]))


def found_lately(kind: str, about: object, scratch: Path, find: Callable[[], _Found]) -> _Found:
    """Return the result of `find`, from now or from the last ten minutes.

    Args:
        kind: The name of the kind in the user's cache.
        about: The inputs of `find`, as plain JSON values.
        scratch: A directory for files that cannot be cached.
        find: Returns the result, as a plain JSON value.

    Raises:
        BaseException: `find` raised it.
        OSError: The cache cannot be written.
    """

    def make(directory: Path) -> None:
        (directory / _FOUND).write_text(json.dumps(find()), encoding="utf-8")

    window = int(time.time() // _GOOD_FOR)
    kept = cached(kind, digest_of(window, about), make, scratch)
    found: _Found = json.loads((kept / _FOUND).read_text(encoding="utf-8"))
    return found


def _may_change(line: str) -> bool:
    """Return whether the source of a line may change between builds: a file, an address.

    The wheels in ferryman's cache never change.
    """
    if line.startswith("-"):
        return not line.startswith(_FLAGS)
    address = line.partition("@")[2].strip()
    return bool(address) and not address.startswith(f"{cache_directory().as_uri()}/")


def _settings(root: Path) -> list[object]:
    """Return a digest of uv's settings; only the digest is kept, as they may hold secrets."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or home_directory() / ".config")
    paths = [*(above / name for above in (root, *root.parents) for name in _SETTINGS)]
    paths += [home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"), home_directory() / ".netrc"]
    variables = sorted((k, v) for k, v in os.environ.items() if k.startswith(("UV_", "PIP_")))
    found = [path.read_bytes() for path in paths if path.is_file()]
    return [sha256(content).hexdigest() for content in (*found, repr(variables).encode())]
