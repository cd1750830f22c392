"""Writes the zip of a bundle. The same files always give the same bytes.

One file holds all modules that every cold start imports, so that a start reads them at once. Their
own files stay in the zip too, for programs that import them without the runtime's start: a function
that only names its handler, or a process that the app starts.
"""

from __future__ import annotations

import marshal
import shutil
import time
import zipfile
import zlib
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path

from ferryman.building.cache import cached, digest_of
from ferryman.building.contents_report import PackageSize, Report
from ferryman.building.file_dates import date_of
from ferryman.building.packages import Packages
from ferryman.building.tried_packages import modules_of_a_start

__all__ = ("explain_archive", "pack_modules", "started_modules", "write_archive")

# Increase this when the same files give other bytes.
_FORMAT = 1

_PACKAGES = "packages.zip"


def write_archive(
    packages: Mapping[str, Path], own: Mapping[str, Path], path: Path, scratch: Path
) -> None:
    """Write files to their places in a zip: packages first, each part in the order of its places.

    Packages seldom change, and compressing them takes most of a build's time. So a zip of the
    packages alone is kept in the user's cache, and the other files are added to a copy of it.

    Args:
        packages: The files of packages, by their places.
        own: The other files; they replace files of packages in the same place.
        path: The zip.
        scratch: A directory for files that cannot be cached.

    Raises:
        OSError: It cannot be written.
    """
    beside = {place: file for place, file in packages.items() if place not in own}
    contents = [(place, *_content_of(file)) for place, file in sorted(beside.items())]

    def make(directory: Path) -> None:
        _add(beside, directory / _PACKAGES)

    kept = cached("zips", digest_of(_FORMAT, zlib.ZLIB_RUNTIME_VERSION, contents), make, scratch)
    shutil.copyfile(kept / _PACKAGES, path)
    _add(own, path)


def _content_of(file: Path) -> tuple[bool, str]:
    return bool(file.stat().st_mode & 0o100), sha256(file.read_bytes()).hexdigest()


def _add(files: Mapping[str, Path], path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for place, file in sorted(files.items()):
            content = file.read_bytes()
            entry = zipfile.ZipInfo(place, time.gmtime(date_of(place, content))[:6])
            entry.create_system = 3  # Unix, whatever built it, so that the mode counts
            executable = file.stat().st_mode & 0o100
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def explain_archive(
    path: Path, owners: Mapping[str, str], packages: Packages, notes: tuple[str, ...]
) -> Report:
    """Return what takes up space in a zip.

    Args:
        path: The zip.
        owners: The distribution of each file, by its place.
        packages: The packages in it.
        notes: What else there is to say.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    rows = []
    for name in sorted({owners[entry.filename] for entry in entries}):
        own = [entry for entry in entries if owners[entry.filename] == name]
        unpacked = sum(entry.file_size for entry in own)
        rows.append(
            PackageSize(
                name=name,
                wheel=packages.wheel.get(name, unpacked),
                unpacked=unpacked,
                packed=sum(entry.compress_size for entry in own),
                files=len(own),
            )
        )
    rows.sort(key=lambda row: -row.packed)
    dropped = sorted(packages.dropped, key=lambda one: (one.package, one.place))
    return Report(tuple(rows), tuple(dropped), notes)


_STARTED = "started.txt"
"""The modules of a start in which nothing waits but what ferryman's own compiler has wait."""

# A magic number, flags and a hash come before the code: PEP 552.
_HEADER = 16

# The newest format whose bytes do not depend on how often a value is referred to.
_MARSHAL_FORMAT = 2


def started_modules() -> tuple[str, ...]:
    """Return the modules of ferryman, and of the packages that were tried, that a start imports."""
    own = resources(__package__).joinpath(_STARTED).read_text(encoding="utf-8").split()
    return (*own, *modules_of_a_start())


def pack_modules(files: Mapping[str, Path], tag: str) -> bytes:
    """Return the content of the file, for those of the modules that ship as bytecode.

    Args:
        files: The files of the bundle, by their places.
        tag: What the Python that runs them puts in the names of bytecode files.
    """
    modules = {}
    for name in started_modules():
        place = name.replace(".", "/")
        for package, path in (
            (True, files.get(f"{place}/__init__.pyc")),
            (False, files.get(f"{place}.pyc")),
        ):
            if path is not None:
                modules[name] = (package, path.read_bytes()[_HEADER:])
    return marshal.dumps((tag, modules), _MARSHAL_FORMAT)
