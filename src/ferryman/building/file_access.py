"""Checks that the files of a project can be read, before a build begins to write."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("check_readable",)


def check_readable(path: Path) -> None:
    """Refuse a file or directory that exists and cannot be read.

    Raises:
        ConfigError: The file or directory cannot be read.
    """
    effective = os.access in os.supports_effective_ids
    if path.exists() and not os.access(path, os.R_OK, effective_ids=effective):
        raise ConfigError(
            f"{path} cannot be read",
            cause="its permissions do not let this user read it",
            hint=f"chmod u+r {shlex.quote(str(path))}, or add its name to exclude in "
            "[tool.ferryman]",
        )
