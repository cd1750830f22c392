"""Runs uv, which resolves, fetches and builds wheels, and explains its failures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from ferryman.building.cache import home_directory
from ferryman.building.import_lock import IMPORTING
from ferryman.core.errors import BuildError, ConfigError, reason_of

__all__ = ("NoWheels", "run_uv")

# uv's words for a version without a fitting wheel, or with sources only.
_WAYS_OUT = (
    "another python or architecture may have the wheel, and so may an older version; an image "
    "(--image) takes wheels for a newer glibc than Lambda's; or build a wheel of it for this "
    "platform, and depend on its path or URL"
)

_WHEELS_REQUIRED = re.compile(r"Wheels are required for `([^`]+)`")

_UNREACHABLE = re.compile(
    r"Failed to fetch: `?(?P<scheme>https?://)(?:[^/@\s]*@)?(?P<place>[^\s`]+)"
)
"""An address that did not respond, without its credentials."""

_NONE_FITS = "there is no set of wheels for this project's dependencies on this platform"

# uv's words for errors in the requirements, not in the build.
_USER_ERRORS = (
    "needs to be updated",
    "Failed to parse `uv.lock`",
)


class NoWheels(ConfigError):
    """Packages that have sources, but no wheel that fits.

    Args:
        cause: uv's message.
        packages: Their names.
    """

    def __init__(self, cause: str, packages: tuple[str, ...]) -> None:
        super().__init__(_NONE_FITS, cause=cause, hint=_WAYS_OUT)
        self.packages = packages


def run_uv(
    arguments: Sequence[str],
    lines: Sequence[str],
    cwd: Path,
    variables: Mapping[str, str] | None = None,
) -> str:
    """Run uv, and return its output.

    Args:
        arguments: Its arguments.
        lines: The lines of its standard input.
        cwd: The directory it runs in, whose settings of uv count.
        variables: Further variables of its environment.

    Raises:
        ConfigError: uv is not installed, or the project's requirements are wrong.
        BuildError: uv could not be started, or failed for another reason.
    """
    try:
        done = subprocess.run(
            [_find_uv(), *arguments],
            input="\n".join(lines),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=cwd,
            env=_environment() | dict(variables or {}),
            check=False,
        )
    except OSError as error:
        raise BuildError("uv could not be started", cause=reason_of(error)) from None
    if done.returncode:
        raise _uv_failure(done.stderr)
    return done.stdout


def _environment() -> dict[str, str]:
    """Return uv's environment; without a home, uv would keep its cache in the project."""
    chosen = os.environ.keys() & {"UV_CACHE_DIR", "XDG_CACHE_HOME"}
    homeless = not chosen and home_directory() == Path(os.devnull)
    return {**os.environ, "UV_NO_CACHE": "1"} if homeless else {**os.environ}


def _find_uv() -> str:
    try:
        with IMPORTING:  # it asks sysconfig, which two threads must not fill at once
            from uv import find_uv_bin

            return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        pass
    if found := shutil.which("uv"):
        return found
    raise ConfigError(
        "uv is not installed", hint="pip install 'ferryman[lambda]' or 'ferryman[server]'"
    )


def _uv_failure(stderr: str) -> ConfigError | BuildError:
    """Turn uv's message into an error; unsatisfiable requirements are a ConfigError."""
    # Older versions of uv draw lines around their reasons; newer ones name each.
    body, _, said = re.sub(r"[\u00d7\u2500-\u25ff]+", "", stderr).partition("hint:")
    parts = re.split(r"^\s*(?:error|cause):", body, flags=re.M)
    reasons = [" ".join(part.split()) for part in parts if part.strip()] or ["uv gave no reason"]
    hint = " ".join(said.split()) or None
    if "No space left on device" in stderr:
        hint = "free some disk space"
    if "Failed to initialize cache" in stderr:
        hint = "name a directory that can be written, in XDG_CACHE_HOME"
    if sources := tuple(dict.fromkeys(_WHEELS_REQUIRED.findall(stderr))):
        return NoWheels(reasons[-1], sources)
    if "No solution found" in stderr:
        other = _WAYS_OUT if re.search(r" tag|usable wheels", stderr) else None
        return ConfigError(
            _NONE_FITS,
            cause=reasons[-1],
            hint="; ".join(filter(None, (hint, other))) or "check the names and versions",
        )
    if unreachable := _UNREACHABLE.search(body):
        return BuildError(
            f"{unreachable['scheme']}{unreachable['place']} could not be fetched",
            cause=reasons[-1],
            hint=hint
            or "the requirements, uv's settings or UV_* variables name the index: check that "
            "this machine can reach it",
        )
    kind = ConfigError if any(text in stderr for text in _USER_ERRORS) else BuildError
    return kind(
        "the dependencies could not be installed",
        cause=": ".join(dict.fromkeys((reasons[0], reasons[-1]))),
        hint=hint,
    )
