"""What was resolved, cached for as long as an index's own answers are valid.

uv asks an index again for what PyPI says is ten minutes old. Within that time it would give
the same pins, so that a build that follows an edit need not ask it. The digest of a base image
is asked for no more often.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from ferryman.building.cache import cache_directory, cached, digest_of

__all__ = ("found_lately", "resolved_lately")

_GOOD_FOR = 600.0
"""Seconds: the max-age of the answers of PyPI's index."""

_FOUND = "found.json"

_Found = TypeVar("_Found")

# What says where and how, and leads to no file.
_FLAGS = ("--allow-insecure-host", "--index", "--no-index", "--prerelease", "-i")

# What uv takes settings from, beside its variables: "Configuration files" in uv's manual.
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
        requirements: Lines of a requirements file. Where one leads to files of this machine,
            they are resolved now.
        about: What decides about the pins besides, as plain JSON values.
        root: The project's directory, whose settings of uv count.
        scratch: A directory for what cannot be cached.
        resolve: Resolves them.

    Raises:
        BaseException: What `resolve` raises.
        OSError: The cache cannot be written.
    """
    if any(map(_may_change, requirements)):
        return resolve()
    asked = [list(requirements), about, _settings(root)]
    return tuple(found_lately("pins", asked, scratch, lambda: [*resolve()]))


def found_lately(kind: str, about: object, scratch: Path, find: Callable[[], _Found]) -> _Found:
    """Return what was found now or within the last ten minutes.

    Args:
        kind: The name of such things in the user's cache.
        about: What decides about it, as plain JSON values.
        scratch: A directory for what cannot be cached.
        find: Finds it, as a plain JSON value.

    Raises:
        BaseException: What `find` raises.
        OSError: The cache cannot be written.
    """

    def make(directory: Path) -> None:
        (directory / _FOUND).write_text(json.dumps(find()), encoding="utf-8")

    window = int(time.time() // _GOOD_FOR)
    kept = cached(kind, digest_of(window, about), make, scratch)
    found: _Found = json.loads((kept / _FOUND).read_text(encoding="utf-8"))
    return found


def _may_change(line: str) -> bool:
    """Return whether a line leads to what another build may find changed: a file, an address.

    The wheels in our cache never change.
    """
    if line.startswith("-"):
        return not line.startswith(_FLAGS)
    address = line.partition("@")[2].strip()
    return bool(address) and not address.startswith(f"{cache_directory().as_uri()}/")


def _settings(root: Path) -> list[object]:
    """Return a digest of all that uv reads its settings from: there may be secrets among it."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    paths = [*(above / name for above in (root, *root.parents) for name in _SETTINGS)]
    paths += [home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"), Path.home() / ".netrc"]
    variables = sorted((k, v) for k, v in os.environ.items() if k.startswith(("UV_", "PIP_")))
    found = [path.read_bytes() for path in paths if path.is_file()]
    return [sha256(content).hexdigest() for content in (*found, repr(variables).encode())]
