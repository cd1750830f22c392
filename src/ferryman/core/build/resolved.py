"""What requirements resolved to, kept for the time that an index's own answers are good for.

uv asks an index again for what PyPI says is ten minutes old. Within that time it would give
the same pins, so that a build that follows an edit need not ask it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from ferryman.core.build.cache import cached, digest_of

__all__ = ("resolved_lately",)

_GOOD_FOR = 600.0
"""Seconds: the max-age of the answers of PyPI's index."""

_PINS = "pins.json"

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
    if any(line.startswith("-") or "@" in line for line in requirements):
        return resolve()
    window = int(time.time() // _GOOD_FOR)
    key = digest_of(window, list(requirements), about, _settings(root))

    def make(directory: Path) -> None:
        (directory / _PINS).write_text(json.dumps(resolve()), encoding="utf-8")

    kept = cached("pins", key, make, scratch)
    return tuple(json.loads((kept / _PINS).read_text(encoding="utf-8")))


def _settings(root: Path) -> list[object]:
    """Return a digest of all that uv reads its settings from: there may be secrets among it."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    paths = [*(above / name for above in (root, *root.parents) for name in _SETTINGS)]
    paths += [home / "uv" / "uv.toml", Path("/etc/uv/uv.toml"), Path.home() / ".netrc"]
    variables = sorted((k, v) for k, v in os.environ.items() if k.startswith(("UV_", "PIP_")))
    found = [path.read_bytes() for path in paths if path.is_file()]
    return [sha256(content).hexdigest() for content in (*found, repr(variables).encode())]
