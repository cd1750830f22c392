"""Runs uv, which resolves, fetches and builds wheels, and says in our words why it failed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ferryman.core.errors import BuildError, ConfigError, reason_of

__all__ = ("run_uv",)

# Where a version has wheels, but none that fits, or sources alone.
_WAYS_OUT = (
    "another python or architecture may have the wheel, and so may an older version; an image "
    "(--image) takes wheels for a newer glibc than Lambda's; or build a wheel of it for this "
    "platform, and depend on its path or URL"
)

_NO_SOURCES = (
    "a build takes wheels: depend on a version that has one, on the URL of one, or on a "
    "directory of sources on this machine"
)

# What uv says where the requirements, and not the build, are to be mended.
_USER_ERRORS = (
    "needs to be updated",
    "uilding source distributions",
    "Failed to parse `uv.lock`",
)


def run_uv(arguments: Sequence[str], lines: Sequence[str], cwd: Path) -> str:
    """Run uv, and return what it printed.

    Args:
        arguments: Its command line.
        lines: What it reads.
        cwd: The directory it runs in, whose settings of uv count.

    Raises:
        ConfigError: There is no uv, or what it was asked for is to be mended in the project.
        BuildError: It could not be started, or failed for another reason.
    """
    try:
        done = subprocess.run(
            [_find_uv(), *arguments],
            input="\n".join(lines),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
            check=False,
        )
    except OSError as error:
        raise BuildError("uv could not be started", cause=reason_of(error)) from None
    if done.returncode:
        raise _uv_failure(done.stderr)
    return done.stdout


def _find_uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    if found := shutil.which("uv"):
        return found
    raise ConfigError("uv is not installed", hint="pip install 'ferryman[build]', which brings it")


def _uv_failure(stderr: str) -> ConfigError | BuildError:
    """Turn what uv said into our error: unsatisfiable requirements are the user's to mend."""
    # Older versions of uv draw lines around their reasons; newer ones name each.
    body, _, said = re.sub(r"[\u00d7\u2500-\u25ff]+", "", stderr).partition("hint:")
    parts = re.split(r"^\s*(?:error|cause):", body, flags=re.M)
    reasons = [" ".join(part.split()) for part in parts if part.strip()] or ["uv gave no reason"]
    hint = " ".join(said.split()) or None
    if "No space left on device" in stderr:
        hint = "make room on the disk"
    if "uilding source distributions" in stderr:
        hint = _NO_SOURCES
    if "Failed to initialize cache" in stderr:
        hint = "name a directory that can be written, in XDG_CACHE_HOME"
    if "No solution found" in stderr:
        other = _WAYS_OUT if re.search(r" tag|usable wheels", stderr) else None
        return ConfigError(
            "there is no set of wheels for this project's dependencies on this platform",
            cause=reasons[-1],
            hint="; ".join(filter(None, (hint, other))) or "check the names and versions",
        )
    kind = ConfigError if any(text in stderr for text in _USER_ERRORS) else BuildError
    return kind(
        "the dependencies could not be installed",
        cause=": ".join(dict.fromkeys((reasons[0], reasons[-1]))),
        hint=hint,
    )
