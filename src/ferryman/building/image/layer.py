"""Writes a layer: a compressed tar with the same bytes whenever and wherever it is written.

Format: "Image Layer Filesystem Changeset" of the OCI image specification.
"""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ferryman.building.file_dates import OLDEST, date_of
from ferryman.core.errors import ConfigError

__all__ = ("Entry", "Layer", "tree_entries", "write_layer")

# Directories with files that an app may send to clients, with their dates.
_SERVED = ("app/", "packages/")

_FILE, _PROGRAM, _DIRECTORY = 0o644, 0o755, 0o755

_MEMBER = 64 << 20
"""Bytes that are compressed at once: an interpreter's layer is one member."""

_LEVEL = 10
"""The level, of libdeflate's 12: the two above save a thousandth and take twice the time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a file system.

    Attributes:
        content: A file to read, or bytes; None for a directory.
        link: The target of a symbolic link.
        mode: Its permissions.
    """

    content: Path | bytes | None = None
    link: str = ""
    mode: int = _FILE

    @classmethod
    def directory(cls, mode: int = _DIRECTORY) -> Entry:
        """Return a directory."""
        return cls(mode=mode)

    @classmethod
    def copy(cls, path: Path) -> Entry:
        """Return a copy of a file; it is executable if the owner can execute the original."""
        return cls(path, mode=_PROGRAM if path.stat().st_mode & stat.S_IXUSR else _FILE)

    @classmethod
    def program(cls, path: Path) -> Entry:
        """Return a copy of a file that can be run."""
        return cls(path, mode=_PROGRAM)


@dataclass(frozen=True, slots=True)
class Layer:
    """A written layer.

    Attributes:
        name: Its contents, in a few words.
        path: Its file.
        digest: The file's digest, `sha256:` and hexadecimal digits.
        size: Bytes of the file.
        diff_id: The digest before compression.
        unpacked: Bytes before compression.
    """

    name: str
    path: Path
    digest: str
    size: int
    diff_id: str
    unpacked: int


def tree_entries(tree: Path, under: str) -> dict[str, Entry]:
    """Return the files of a directory, by their paths below another directory."""
    return {
        f"{under}/{path.relative_to(tree).as_posix()}": Entry.copy(path)
        for path in tree.rglob("*")
        if path.is_file()
    }


def write_layer(
    name: str, entries: Mapping[str, Entry], path: Path, *, date: int = OLDEST
) -> Layer:
    """Write a layer, sorted by path; root owns all entries.

    Args:
        name: Its contents, in a few words.
        entries: The entry of each path, without a leading slash. Parent directories need no entry.
        path: Where to write it.
        date: The date of its entries, in seconds since 1970. A file that an app may send to clients
            gets a date from its content.

    Raises:
        ConfigError: deflate is not installed.
        OSError: A file cannot be read, or the layer cannot be written.
    """
    whole = {**_above(entries), **entries}
    with path.open("wb") as file:
        packed = _Digested(file)
        with _Gzip(packed) as compressing:
            plain = _Digested(compressing)
            with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for place, entry in sorted(whole.items()):
                    _add(archive, place, entry, date)
    return Layer(name, path, packed.digest, packed.size, plain.digest, plain.size)


def _above(places: Iterable[str]) -> dict[str, Entry]:
    return {str(parent): Entry.directory() for place in places for parent in _parents(place)}


def _parents(place: str) -> Iterator[PurePosixPath]:
    return (parent for parent in PurePosixPath(place).parents if parent.name)


def _add(archive: tarfile.TarFile, place: str, entry: Entry, date: int) -> None:
    header = tarfile.TarInfo(place)
    header.mtime, header.mode = date, entry.mode
    if entry.link:
        header.type, header.linkname, header.mode = tarfile.SYMTYPE, entry.link, 0o777
        archive.addfile(header)
    elif entry.content is None:
        header.type = tarfile.DIRTYPE
        archive.addfile(header)
    else:
        content = entry.content
        data = content.read_bytes() if isinstance(content, Path) else content
        header.size = len(data)
        if place.startswith(_SERVED):
            header.mtime = date_of(place, data, date)
        archive.addfile(header, io.BytesIO(data))


class _Gzip(io.RawIOBase):
    """A writer that compresses its input and passes it on.

    libdeflate packs smaller than zlib and in less time, but needs its whole input at once: the
    output is a sequence of gzip members, which is a valid gzip file (RFC 1952, 2.2).
    """

    def __init__(self, to: io.RawIOBase) -> None:
        self._to = to
        self._pending = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pending += data
        if len(self._pending) >= _MEMBER:
            self._compress()
        return len(data)

    def close(self) -> None:
        if self._pending:
            self._compress()
        super().close()

    def _compress(self) -> None:
        try:
            from deflate import gzip_compress
        except ImportError:
            raise ConfigError(
                "deflate is not installed", hint="pip install 'ferryman[build]', which brings it"
            ) from None
        self._to.write(bytes(gzip_compress(bytes(self._pending), _LEVEL)))
        self._pending.clear()


class _Digested(io.RawIOBase):
    """A writer that passes its input on, and counts and digests it."""

    def __init__(self, to: BinaryIO | io.RawIOBase) -> None:
        self._to = to
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._hash.update(data)
        self.size += len(data)
        return self._to.write(data)
