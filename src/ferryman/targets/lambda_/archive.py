"""Writes the zip of a bundle: the same files give the same bytes, whenever and wherever."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from ferryman.core.build.packages import Packages
from ferryman.core.build.report import PackageSize, Report

__all__ = ("explain_archive", "write_archive")

# The oldest date that a zip can hold; any fixed one would do.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(files: Mapping[str, Path], path: Path) -> None:
    """Write files to their places in a zip, in the order of the places.

    Raises:
        OSError: It cannot be written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for place, file in sorted(files.items()):
            entry = zipfile.ZipInfo(place, _DATE)
            entry.create_system = 3  # Unix, whatever built it, so that the mode counts
            executable = file.stat().st_mode & 0o100
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def explain_archive(
    path: Path, owners: Mapping[str, str], packages: Packages, notes: tuple[str, ...]
) -> Report:
    """Return what takes the space in a zip.

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
