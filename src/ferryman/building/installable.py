"""The input of pip in a Dockerfile or a unit: a file of pins, and wheels that no index has.

The pins hold for any Linux. Wheels from an address with credentials, from a directory on this
machine, or built here from sources lie beside the file.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import parse_wheel_filename

from ferryman.building.app_parts import AppParts, resolve_parts
from ferryman.building.dependencies import Platform, pin_requirements, pin_wheels
from ferryman.building.local_wheels import LocalWheel
from ferryman.building.resolution_cache import resolved_lately
from ferryman.core.errors import ConfigError

__all__ = ("REQUIREMENTS", "WHEELS", "Installable", "pin_installable", "this_linux")

REQUIREMENTS = "requirements.txt"
WHEELS = "wheels"
"""The directory of wheels that no index has, beside the file."""

_LINKS = "--find-links "
_HASH = re.compile(r"--hash[=\s]\s*sha256:(\w+)")


@dataclass(frozen=True, slots=True)
class Installable:
    """A file of pins with its local wheels.

    Attributes:
        text: The file of pins.
        wheels: The wheels that lie beside it.
    """

    text: str
    wheels: tuple[Path, ...]


def this_linux(python: str) -> Platform:
    """Return the platform of this machine's processor, with the glibc of Debian 12 or later."""
    return Platform(python, f"{platform.machine()}-manylinux_2_36")


def pin_installable(
    gathered: AppParts, ours: Sequence[str], python: str, root: Path, scratch: Path
) -> tuple[AppParts, Installable]:
    """Pin an app's requirements, for any Linux.

    Args:
        gathered: The app's parts.
        ours: The lines that ferryman adds for the target.
        python: The Python version, as major.minor.
        root: The project's directory.
        scratch: A directory for files that cannot be cached.

    Raises:
        ConfigError: The requirements contradict each other, or something has no wheel.
        BuildError: A package could not be fetched or written.
    """

    def pin(lines: tuple[str, ...], shipped: tuple[str, ...]) -> tuple[str, ...]:
        # A package with wheels only for another system would fail when the image is built.
        here = this_linux(python)
        fitting = [line for line in lines if _may_be_installed(line, here)]
        resolved_lately(
            fitting, asdict(here), root, scratch, partial(pin_wheels, fitting, here, root=root)
        )
        local = {*shipped, *(wheel.name for wheel in gathered.wheels)}
        whole = partial(pin_requirements, lines, python, root=root, omit=sorted(local))
        about = [python, sorted(local)]
        return resolved_lately(lines, about, root, scratch, lambda: (whole(),))

    app, (pinned,) = resolve_parts(gathered, ours, pin)
    pinned, linked = _linked(pinned, app.requirements)
    lines = (*_addresses(app.requirements), pinned.rstrip("\n"), *_local_pins(app.wheels))
    paths = {path.name: path for path in (*(wheel.path for wheel in app.wheels), *linked)}
    return app, Installable("\n".join(lines) + "\n", tuple(paths[name] for name in sorted(paths)))


def _may_be_installed(line: str, here: Platform) -> bool:
    """Return whether a line is not a local wheel for another processor."""
    file = line.partition(" @ file:")[2].split(" ")[0].rpartition("/")[2]
    if not file.endswith(".whl"):
        return True
    machine = here.wheels.partition("-")[0]
    return any(
        tag.platform == "any" or machine in tag.platform for tag in parse_wheel_filename(file)[3]
    )


def _local_pins(wheels: Iterable[LocalWheel]) -> list[str]:
    """Return a pin for each package with wheels on this machine.

    Raises:
        ConfigError: A wheel's hash is not one that its line allows.
    """
    found: dict[str, list[str]] = {}
    for wheel in wheels:
        digest = _digest(wheel.path)
        allowed = _HASH.findall(wheel.requirement)
        if allowed and digest not in allowed:
            raise ConfigError(
                f"{wheel.path} is not the wheel that the project's hashes allow",
                cause=f"asked for {', '.join(allowed)}; it is {digest}",
            )
        version = parse_wheel_filename(wheel.path.name)[1]
        found.setdefault(f"{wheel.name}=={version}", []).append(f"--hash=sha256:{digest}")
    return [" ".join((pin, *hashes)) for pin, hashes in found.items()]


def _linked(pinned: str, requirements: Sequence[str]) -> tuple[str, list[Path]]:
    """Return the pins with the hashes of all their wheels in `--find-links`, and those wheels.

    uv writes only one wheel's hash, but there may be wheels for several processors.
    """
    places = [Path(line.removeprefix(_LINKS)) for line in requirements if line.startswith(_LINKS)]
    wheels = []
    for path in sorted(path for place in places if place.is_dir() for path in place.glob("*.whl")):
        name, version, _, _ = parse_wheel_filename(path.name)
        if pin := re.search(rf"^{re.escape(f'{name}=={version}')}(?=\s)[^\\\n]*", pinned, re.M):
            wheels.append(path)
            hash_ = f"--hash=sha256:{_digest(path)}"
            if hash_ not in pinned:
                pinned = f"{pinned[: pin.end()]}\\\n    {hash_} {pinned[pin.end() :]}"
    return pinned, wheels


def _addresses(requirements: Sequence[str]) -> list[str]:
    """Return the lines with wheels at public addresses."""
    pages = [
        urlsplit(line.removeprefix(_LINKS)) for line in requirements if line.startswith(_LINKS)
    ]
    return [
        f"{_LINKS}{page.geturl()}"
        for page in pages
        if page.scheme in ("http", "https") and not page.query and "@" not in page.netloc
    ]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
