"""Reads the libraries that a program or a shared library is linked to, without running it.

Source: "System V Application Binary Interface", program header and dynamic section.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ("Linkage", "read_linkage")

_ELF64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_MACHINES = {62: "x86_64", 183: "aarch64"}
_LOADED, _DYNAMIC, _LOADER = 1, 2, 3
_NEEDED, _STRINGS, _RPATH, _RUNPATH = 1, 5, 15, 29


@dataclass(frozen=True, slots=True)
class Linkage:
    """The libraries of a file.

    Attributes:
        machine: The processor, such as `x86_64`, or the number of an unknown one.
        loader: The absolute path of the loader; empty for a library.
        needed: The names of the libraries that it needs.
        paths: Directories to look in first, in which `$ORIGIN` is the file's own.
    """

    machine: str
    loader: str
    needed: tuple[str, ...]
    paths: tuple[str, ...]


def read_linkage(path: Path) -> Linkage | None:
    """Return the linkage of a file, or None if it is not a 64-bit ELF file.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(_ELF64_LITTLE_ENDIAN)) != _ELF64_LITTLE_ENDIAN:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return _read(data)
            except (struct.error, IndexError):
                return None


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def _read(data: mmap.mmap) -> Linkage:
    (machine,) = struct.unpack_from("<H", data, 18)
    segments = tuple(_segments(data))
    loader = next((s for s in segments if s.kind == _LOADER), None)
    tags = tuple(_tags(data, segments))
    strings = _offset(dict(tags).get(_STRINGS, 0), segments)
    needed = [_text(data, strings + value) for tag, value in tags if tag == _NEEDED]
    paths = [_text(data, strings + value) for tag, value in tags if tag in (_RPATH, _RUNPATH)]
    return Linkage(
        machine=_MACHINES.get(machine, str(machine)),
        loader=_text(data, loader.offset) if loader else "",
        needed=tuple(needed),
        paths=tuple(part for path in paths for part in path.split(":") if part),
    )


def _segments(data: mmap.mmap) -> Iterator[_Segment]:
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, _, offset, address, _, in_file, _, _ = struct.unpack_from(
            "<IIQQQQQQ", data, start + number * size
        )
        yield _Segment(kind, offset, address, in_file)


def _tags(data: mmap.mmap, segments: tuple[_Segment, ...]) -> Iterator[tuple[int, int]]:
    for segment in segments:
        if segment.kind == _DYNAMIC:
            for place in range(segment.offset, segment.offset + segment.size, 16):
                yield struct.unpack_from("<qQ", data, place)


def _offset(address: int, segments: tuple[_Segment, ...]) -> int:
    """Return the offset in the file of a virtual address."""
    for segment in segments:
        if segment.kind == _LOADED and 0 <= address - segment.address < segment.size:
            return segment.offset + address - segment.address
    return 0


def _text(data: mmap.mmap, place: int) -> str:
    return data[place : data.find(b"\0", place)].decode("utf-8", "replace")
