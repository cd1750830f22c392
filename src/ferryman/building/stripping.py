"""Strips symbols and debugging sections from extension modules, with the machine's tools.

The bytes of a module that a process maps must not change: this is checked after each strip, and a
module that fails the check ships as in the wheel.
"""

from __future__ import annotations

import platform
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ("Stripper", "find_stripper", "strip_extension")

_ELF64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_HEADER = 64
_LOADED = 1  # PT_LOAD, "System V Application Binary Interface", program header
_NOT_IN_FILE = 8  # SHT_NOBITS, section header

# A linker may align the end of a file.
_PADDING = 64


@dataclass(frozen=True, slots=True)
class Stripper:
    """The strip program.

    Attributes:
        command: Its name.
        identity: Its path, size and time, which identify the version. Running it to ask takes a
            tenth of a rebuild.
    """

    command: str
    identity: str


def find_stripper(machine: str) -> Stripper | None:
    """Return a strip program for a machine, such as `aarch64`, or None."""
    names = [f"{machine}-linux-gnu-strip", "llvm-strip", "eu-strip"]
    if platform.system() == "Linux" and platform.machine() == machine:
        names.insert(0, "strip")
    for name in names:
        if found := shutil.which(name):
            return Stripper(name, _identity(Path(found).resolve()))
    return None


def strip_extension(path: Path, stripper: Stripper) -> int:
    """Strip a module, unless that would change the bytes that a process maps.

    Returns:
        The bytes saved: 0 if the file is not a 64-bit module or was left as it is.
    """
    before = path.read_bytes()
    if not before.startswith(_ELF64_LITTLE_ENDIAN):
        return 0
    stripped = path.with_name(f"{path.name}.stripped")
    command = [stripper.command, "--strip-unneeded", "-o", str(stripped), str(path)]
    if stripper.command == "eu-strip":
        command.remove("--strip-unneeded")
    try:
        done = subprocess.run(command, capture_output=True, check=False)
        after = stripped.read_bytes() if done.returncode == 0 else before
    finally:
        stripped.unlink(missing_ok=True)
    if len(after) >= len(before) or _has_payload(before) or not _same_image(before, after):
        return 0
    path.write_bytes(after)
    return len(before) - len(after)


def _identity(program: Path) -> str:
    status = program.stat()
    return f"{program} {status.st_size} {status.st_mtime_ns}"


def _has_payload(module: bytes) -> bool:
    """Return whether data follows the end that the headers give, as some programs do."""
    (sections,) = struct.unpack_from("<Q", module, 40)
    size, count = struct.unpack_from("<HH", module, 58)
    ends = [sections + size * count]
    for number in range(count):
        kind, _, _, offset, length = struct.unpack_from(
            "<IQQQQ", module, sections + size * number + 4
        )
        ends.append(offset + (0 if kind == _NOT_IN_FILE else length))
    return bool(len(module) - max(ends) > _PADDING)


def _same_image(before: bytes, after: bytes) -> bool:
    try:
        return [*_segments(before)] == [*_segments(after)] and _can_be_mapped(after)
    except struct.error:
        return False


def _can_be_mapped(module: bytes) -> bool:
    """Return whether each segment is page-aligned in the file, as the loader needs."""
    return all(
        offset % max(align, 1) == address % max(align, 1)
        for kind, _, offset, address, _, _, _, align in _headers(module)
        if kind == _LOADED
    )


def _segments(module: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield the mapped segments: flags, address, size in memory, and bytes of each.

    In the file's own header, which the first segment holds, the fields with the position of the
    section headers are ignored: no loader reads them.
    """
    for kind, flags, offset, address, _, in_file, in_memory, _ in _headers(module):
        if kind == _LOADED:
            first = max(offset, _HEADER)
            yield flags, address, in_memory, module[first : offset + in_file]


def _headers(module: bytes) -> Iterator[tuple[int, ...]]:
    """Yield the fields of each program header."""
    (start,) = struct.unpack_from("<Q", module, 32)
    size, count = struct.unpack_from("<HH", module, 54)
    for number in range(count):
        yield struct.unpack_from("<IIQQQQQQ", module, start + number * size)
