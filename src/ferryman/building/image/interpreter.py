"""The Python that an image holds: where its parts are, its version, whether it fits.

It reads files and does not run the interpreter, which may be for another machine.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferryman.building.bytecode import find_interpreter
from ferryman.building.dependencies import Platform
from ferryman.building.image.elf import Linkage, read_linkage
from ferryman.building.image.libraries import (
    LIBC,
    Libraries,
    find_libraries,
    glibc_version,
    resolve_inside,
)
from ferryman.core.errors import BuildError, ConfigError

__all__ = ("Python", "open_interpreter", "this_interpreter")

_WAYS_OUT = (
    "name one by --interpreter, such as a tree of `uv python install`; "
    "or set python in [tool.ferryman]; or build the image with --with docker"
)
_LARGEST_MANYLINUX = 40  # the newest platform that uv can name
_SMALLEST_MANYLINUX = 17


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter on disk.

    Attributes:
        program: The program itself, not a link to it.
        minor: Its version, as major.minor.
        version: Its full version, if known.
        loader: The absolute path of the program that loads it.
        library: Its standard library.
        libraries: Where its shared libraries are.
    """

    program: Path
    minor: str
    version: str
    loader: str
    library: Path
    libraries: Libraries

    @property
    def machine(self) -> str:
        """The processor it runs on, such as `x86_64`."""
        return self.libraries.machine

    def platform(self) -> Platform:
        """Return the platform that wheels must fit to run on it.

        Raises:
            BuildError: Its C library is not a glibc that wheels are made for.
        """
        libc = self.libraries.root / self.libraries.home() / LIBC
        _, minor = glibc_version(resolve_inside(self.libraries.root, libc)) or (2, 0)
        if minor < _SMALLEST_MANYLINUX:
            raise BuildError(f"{libc} is not glibc 2.{_SMALLEST_MANYLINUX} or newer")
        newest = min(minor, _LARGEST_MANYLINUX)
        return Platform(self.minor, f"{self.machine}-manylinux_2_{newest}")


def this_interpreter(minor: str) -> Python:
    """Return this machine's own interpreter of a version.

    Args:
        minor: The version, as major.minor.

    Raises:
        ConfigError: This machine does not have one.
    """
    found = find_interpreter(minor)
    if found is None:
        raise ConfigError(
            f"there is no Python {minor} on this machine to put into an image", hint=_WAYS_OUT
        )
    return open_interpreter(Path(found.path), minor)


def open_interpreter(path: Path, minor: str) -> Python:
    """Return the interpreter at a path.

    Args:
        path: A program, or the directory that holds it and its library.
        minor: The required version, as major.minor.

    Raises:
        ConfigError: The path has no interpreter, or one of another version.
    """
    program = _program(path, minor)
    linkage = read_linkage(program)
    if linkage is None:
        raise ConfigError(f"{program} is not a program for 64-bit Linux", hint=_WAYS_OUT)
    found = re.search(r"(\d+\.\d+)(t?)$", program.name)
    prefix = program.parents[1]
    there = found[1] if found else _only_library(prefix)
    if there != minor or (found and found[2]):
        raise ConfigError(
            f"the interpreter at {program} is Python {there}{found[2] if found else ''}, "
            f"and the project is built for {minor}",
            hint=f'set python = "{there}" in [tool.ferryman], or pass --python {there}; or '
            f"name a Python {minor} by --interpreter",
        )
    library = _library(prefix, minor)
    libraries = Libraries(_root(program, linkage), linkage.machine)
    return Python(
        program, minor, _version(program, minor, libraries), linkage.loader, library, libraries
    )


def _program(path: Path, minor: str) -> Path:
    if not path.exists():
        raise ConfigError(f"there is no interpreter at {path}", hint=_WAYS_OUT)
    if path.is_dir():
        names = (f"python{minor}", "python3")
        places = [path / bin_ / name for name in names for bin_ in ("bin", "usr/bin")]
        inside = next((place for place in places if place.exists()), None)
        if inside is None:
            raise ConfigError(
                f"there is no Python {minor} in {path}",
                cause=f"it has {', '.join(_pythons(path)) or 'no bin/python3'}",
                hint=_WAYS_OUT,
            )
        path = inside
    real = path.resolve()
    return _asked(real) if real.read_bytes()[:2] == b"#!" else real


def _pythons(directory: Path) -> Iterator[str]:
    found = [*directory.glob("bin/python3.*"), *directory.glob("usr/bin/python3.*")]
    return (path.name for path in sorted(found) if re.fullmatch(r"python3\.\d+t?", path.name))


def _asked(script: Path) -> Path:
    """Return the program that a script, such as a version manager's shim, runs in the end."""
    code = "import os, sys; print(os.path.realpath(sys.executable))"
    try:
        done = subprocess.run(
            [script, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        raise ConfigError(f"{script} runs no Python", hint=_WAYS_OUT) from None
    return Path(done.stdout.strip())


def _library(prefix: Path, minor: str) -> Path:
    for directory in ("lib", "lib64"):
        library = prefix / directory / f"python{minor}"
        if (library / "os.py").is_file():
            return library
    raise ConfigError(
        f"there is no standard library beside the interpreter in {prefix}",
        cause=f"{prefix}/lib/python{minor}/os.py does not exist",
        hint=f"install the whole of it; Debian's is in the package libpython{minor}-stdlib",
    )


def _only_library(prefix: Path) -> str:
    names = [path.name.removeprefix("python") for path in prefix.glob("lib*/python3.*")]
    return names[0] if len(names) == 1 else "of an unknown version"


def _root(program: Path, linkage: Linkage) -> Path:
    """Return the directory that the program would be run in as its root."""
    loader = linkage.loader.lstrip("/")
    cross = Path(f"/usr/{linkage.machine}-linux-gnu")
    for root in (*program.parents, cross):
        real = resolve_inside(root, root / loader)
        found = read_linkage(real) if loader and real.is_file() else None
        if found and found.machine == linkage.machine:
            return root
    raise ConfigError(
        f"{program} is for {linkage.machine}, and its C library is not here",
        cause=f"there is no {linkage.loader or 'loader'} for it in any directory above it",
        hint=f"install Debian's cross library for {linkage.machine}, or give an interpreter "
        "inside the file system that it was built for",
    )


def _version(program: Path, minor: str, libraries: Libraries) -> str:
    """Return the full version, from the headers or from a text in the program."""
    header = program.parents[1] / "include" / f"python{minor}" / "patchlevel.h"
    if header.is_file():
        found = re.search(r'define PY_VERSION\s+"(.+?)"', header.read_text(encoding="utf-8"))
        return found[1] if found else minor
    needed = find_libraries([program], libraries)
    pattern = re.compile(re.escape(minor).encode() + rb"\.\d+[+a-z0-9]*(?=\0)")
    for path in (*(needed[name] for name in needed if name.startswith("libpython")), program):
        if held := pattern.search(resolve_inside(libraries.root, path).read_bytes()):
            return held[0].decode()
    return minor
