"""Finds the shared libraries that an interpreter and extension modules need, all the way down.

The libraries of a file system that lies in a directory are found as the loader would find
them if that directory were the root: it need not be this machine's, nor its processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ferryman.building.image.elf import Linkage, read_linkage
from ferryman.core.errors import BuildError

__all__ = ("LIBC", "Libraries", "find_libraries", "glibc_version", "resolve_inside")

LIBC = "libc.so.6"
"""The library that every other needs."""

# Debian's, then Fedora's; a loader looks in the one that its own libc lies in.
_DIRECTORIES = (
    "lib/{0}-linux-gnu",
    "usr/lib/{0}-linux-gnu",
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
)

_LINKS = 40  # as many as Linux follows: path_resolution(7)


@dataclass(frozen=True, slots=True)
class Libraries:
    """Where libraries are looked for.

    Attributes:
        root: The directory that is the root of their file system.
        machine: The processor they are for.
    """

    root: Path
    machine: str

    @property
    def directories(self) -> tuple[str, ...]:
        """The directories of the loader, relative to the root."""
        return tuple(pattern.format(self.machine) for pattern in _DIRECTORIES)

    def find(self, name: str, needing: Path, linkage: Linkage) -> Path | None:
        """Return the library that a file gets when it asks for a name."""
        origin = str(needing.parent)
        own = [re.sub(r"\$ORIGIN|\$\{ORIGIN\}", origin, path) for path in linkage.paths]
        for directory in (*map(Path, own), *(self.root / path for path in self.directories)):
            path = directory / name
            real = resolve_inside(self.root, path)
            found = read_linkage(real) if real.is_file() else None
            if found and found.machine == self.machine:
                return path
        return None

    def home(self) -> str:
        """Return the directory that glibc lies in, relative to the root: its loader looks there.

        Raises:
            BuildError: The machine has no glibc.
        """
        for directory in self.directories:
            if resolve_inside(self.root, self.root / directory / LIBC).is_file():
                return directory
        raise BuildError(
            f"there is no glibc for {self.machine} in {self.root}",
            hint="give an interpreter inside the file system that it was built for, such as "
            "one that mmdebstrap made; or install Debian's libc6-<architecture>-cross",
        )


def find_libraries(
    files: Iterable[Path], libraries: Libraries, *, shipped: Path | None = None
) -> dict[str, Path]:
    """Return all libraries that files need, by name.

    Args:
        files: Programs, libraries and extension modules.
        libraries: Where to look.
        shipped: A directory whose libraries ship where they are.

    Raises:
        BuildError: One is missing.
    """
    found: dict[str, Path] = {}
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        linkage = read_linkage(resolve_inside(libraries.root, file))
        if linkage is None:
            continue
        for name in linkage.needed:
            path = libraries.find(name, file, linkage)
            if path is None:
                raise _missing(name, file)
            inside = shipped is not None and path.resolve().is_relative_to(shipped.resolve())
            if name not in found and not inside:
                found[name] = path
                waiting.append(path)
    return dict(sorted(found.items()))


def resolve_inside(root: Path, path: Path) -> Path:
    """Return what a path leads to where a directory is the root, as chroot(2) would have it.

    No link leads out of the directory. A path that is not in it is resolved as it is.

    Raises:
        BuildError: Its links go round in a circle.
    """
    if root == Path("/") or not path.is_relative_to(root):
        return path.resolve()
    rest = list(reversed(path.relative_to(root).parts))
    at, links = root, 0
    while rest:
        part = rest.pop()
        if part == "..":
            at = at.parent if at != root else root
        elif (at / part).is_symlink():
            links += 1
            if links > _LINKS:
                raise BuildError(f"the links of {path} go round in a circle")
            target = str((at / part).readlink())
            at = root if target.startswith("/") else at
            rest += reversed([one for one in target.split("/") if one not in ("", ".")])
        else:
            at = at / part
    return at


def glibc_version(libc: Path) -> tuple[int, int] | None:
    """Return the version of a glibc, or None if it is another C library."""
    found = re.search(rb"GNU C Library [^\n]*version (\d+)\.(\d+)", libc.read_bytes())
    return (int(found[1]), int(found[2])) if found else None


def _missing(name: str, file: Path) -> BuildError:
    return BuildError(
        f"the shared library {name} is missing",
        cause=f"{file.name} needs it, and it is not on this machine",
        hint="install what brings it; or leave the module out, by drop in the target's table",
    )
