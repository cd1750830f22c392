"""Installs an app's dependencies for the platform that will run them.

uv resolves and fetches only wheels, for the named platform and Python, so that no wheel for the
building machine gets in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from ferryman.building.bytecode import find_interpreter
from ferryman.building.uv import run_uv
from ferryman.core.errors import ConfigError

__all__ = (
    "AIOHTTP",
    "Platform",
    "as_uv_takes",
    "builder",
    "extras_of",
    "install_wheels",
    "name_of",
    "pin_requirements",
    "pin_wheels",
    "restrict_hashes",
)

AIOHTTP = "aiohttp>=3.9,<4"
"""The requirements of every runtime; a target may add more. The app's own version ships."""

# Options that uv takes on its command line, but not in a requirements file.
_FLAGS = ("--prerelease", "--allow-insecure-host", "--index ", "--index-strategy")

_HASH = re.compile(r"--hash[=\s]\s*(\S+)")


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform that wheels must fit.

    Attributes:
        python: The Python version, as major.minor.
        wheels: uv's name of the platform, such as `aarch64-manylinux_2_28`.
    """

    python: str
    wheels: str


def pin_wheels(
    requirements: Sequence[str],
    platform: Platform,
    *,
    root: Path,
    omit: Sequence[str] = (),
    from_sources: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return lines that pin every wheel to install, with its hashes.

    Args:
        requirements: Lines of a requirements file.
        platform: The platform that wheels must fit.
        root: The project's directory, so that its own settings of uv count.
        omit: Packages that take part in the resolution, but get no line.
        from_sources: Packages to pin to an archive of sources instead of a wheel.

    Raises:
        NoWheels: Packages have sources, but no wheel that fits.
        ConfigError: There is no set of wheels that fits.
        BuildError: uv could not be run, or failed for another reason.
    """
    flags, lines = as_uv_takes(requirements)
    pinned = run_uv(
        [
            *("pip", "compile", "--quiet", "--no-progress", "--no-header", "--no-annotate"),
            *("--generate-hashes", "--only-binary", ":all:"),
            *(part for name in from_sources for part in ("--no-binary", name)),
            *("--python", builder(platform.python) if from_sources else sys.executable),
            *("--python-platform", platform.wheels, "--python-version", platform.python),
            *(part for name in omit for part in ("--no-emit-package", name)),
            *(*flags, "-"),
        ],
        lines,
        root,
    )
    lines = pinned.replace("\\\n", " ").splitlines()
    return restrict_hashes([" ".join(line.split()) for line in lines if line.strip()], requirements)


def restrict_hashes(pins: Sequence[str], requirements: Sequence[str]) -> tuple[str, ...]:
    """Return pins that only allow the hashes in the requirements, if those have any.

    uv pins all files of a version in the index, whatever hashes the requirements have.

    Raises:
        ConfigError: The index has no file with a required hash.
    """
    asked: dict[str, set[str]] = {}
    for line in requirements:
        if hashes := _HASH.findall(line):
            asked.setdefault(name_of(line), set()).update(hashes)
    return tuple(_restricted(pin, asked.get(name_of(pin))) for pin in pins)


def _restricted(pin: str, asked: set[str] | None) -> str:
    if asked is None:
        return pin
    there = _HASH.findall(pin)
    allowed = [hash_ for hash_ in there if hash_ in asked]
    pinned = pin.partition(" --hash")[0]
    if not allowed:
        raise ConfigError(
            f"the files of {pinned} are not those that the project's hashes allow",
            cause=f"asked for {', '.join(sorted(asked))}; there is {', '.join(there)}",
            hint="lock the requirements again, if you trust what there is now",
        )
    return " ".join((pinned, *(f"--hash={hash_}" for hash_ in allowed)))


def builder(python: str) -> str:
    """Return the Python that builds packages without a wheel, or None if none has the version.

    Args:
        python: The version that will run it, as major.minor.
    """
    found = find_interpreter(python)
    return found.path if found else sys.executable


def as_uv_takes(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the flags among the lines of a requirements file as arguments, and the others."""
    flags = [part for line in lines if line.startswith(_FLAGS) for part in line.split(" ", 1)]
    return flags, [line for line in lines if not line.startswith(_FLAGS)]


def install_wheels(
    pins: Sequence[str],
    platform: Platform,
    into: Path,
    *,
    root: Path,
    options: Sequence[str] = (),
) -> None:
    """Install pinned wheels into a directory, without dependencies or bytecode.

    Args:
        pins: The result of `pin_wheels`.
        platform: The platform that wheels must fit.
        into: The directory, which need not exist.
        root: The project's directory, so that its own settings of uv count.
        options: Lines with the sources of wheels, such as `--find-links`.

    Raises:
        BuildError: A wheel could not be fetched, or its hash differs from the pin.
    """
    flags, lines = as_uv_takes(options)
    run_uv(
        [
            *("pip", "install", "--quiet", "--no-progress", "--target", str(into), "--no-deps"),
            *("--python-platform", platform.wheels, "--python-version", platform.python),
            *("--only-binary", ":all:", "--link-mode", "copy"),
            *("--python", sys.executable, *flags, "-r", "-"),
        ],
        (*lines, *pins),
        root,
    )


def pin_requirements(
    requirements: Sequence[str], python: str, *, root: Path, omit: Sequence[str] = ()
) -> str:
    """Return a requirements file that pins everything, for any Linux, with hashes.

    Args:
        requirements: Lines of a requirements file.
        python: The Python version, as major.minor.
        root: The project's directory, so that its own settings of uv count.
        omit: Packages that take part in the resolution, but get no line.

    Raises:
        NoWheels: Packages have sources, but no wheel at all.
        ConfigError: The requirements contradict each other.
        BuildError: uv could not be run, or failed for another reason.
    """
    flags, lines = as_uv_takes(requirements)
    return run_uv(
        [
            *("pip", "compile", "--quiet", "--no-progress", "--no-header"),
            *("--no-annotate", "--generate-hashes", "--universal", "--no-emit-index-url"),
            *("--no-emit-find-links", "--only-binary", ":all:"),
            *(part for name in omit for part in ("--no-emit-package", name)),
            *("--python", sys.executable, "--python-version", python, *flags, "-"),
        ],
        lines,
        root,
    )


def name_of(line: str) -> str:
    """Return the package that a line names, or an empty text for an option."""
    name = re.match(r"\w[\w.-]*", line)
    return canonicalize_name(name[0]) if name else ""


def extras_of(line: str) -> str:
    """Return the extras that a line names, in brackets, or an empty text."""
    found = re.match(r"\w[\w.-]*\s*(\[[^\]]*\])", line)
    return found[1] if found else ""
