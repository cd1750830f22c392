"""Files as blocks and blocks as lines, in memory that does not grow with either.

It unpacks gzip as it arrives, whatever the file is called, and keeps what a half-written
one still holds. The mark that Excel and other Windows programs put before UTF-8 is left out.
"""

from __future__ import annotations

import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import BinaryIO

__all__ = ("BLOCK", "MAX_LINE", "blocks", "foreign", "split_lines")

BLOCK = 1 << 18
"""Bytes that are read at once. Larger blocks leave the processor's cache, and are slower."""

MAX_LINE = 1 << 20
"""Bytes a line may have. A longer one is dropped as it arrives, and counts as unreadable."""

_GZIP = b"\x1f\x8b"

_FOREIGN = {
    b"BZh": "it is packed by bzip2; unpack it first",
    b"PK\x03\x04": "it is packed as zip; unpack it first",
    b"\xfd7zXZ\0": "it is packed by xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "it is packed by zstd; unpack it first",
    b"PAR1": "it is Parquet; have the log written as text or JSON",
    BOM_UTF16_LE: "it is in UTF-16; write it in UTF-8",
    BOM_UTF16_BE: "it is in UTF-16; write it in UTF-8",
}


def blocks(
    stream: BinaryIO, watch: Callable[[int], object], complain: Callable[[str], object]
) -> Iterator[bytes]:
    """Yield a file in blocks, unpacked.

    Args:
        stream: The file.
        watch: Called with each number of bytes read from it.
        complain: Called with a message if it is damaged or incomplete.
    """
    found = _stored(stream, watch, complain)
    # Excel's mark would make a heading unreadable, and the counts below it durations.
    yield next(found, b"").removeprefix(BOM_UTF8)
    yield from found


def foreign(head: bytes) -> str | None:
    """Return what a file is that cannot be read as it is, by its first bytes; None if unknown."""
    return next((told for mark, told in _FOREIGN.items() if head.startswith(mark)), None)


def _stored(
    stream: BinaryIO, watch: Callable[[int], object], complain: Callable[[str], object]
) -> Iterator[bytes]:
    first = stream.read(BLOCK)
    raw = _raw(first, stream, watch)
    if not first.startswith(_GZIP):
        yield from raw
        return
    try:
        yield from _unpacked(raw, complain)
    except zlib.error as error:
        complain(f"the gzip data is damaged ({error}); the part before it was read")


def _raw(block: bytes, stream: BinaryIO, watch: Callable[[int], object]) -> Iterator[bytes]:
    while block:
        watch(len(block))
        yield block
        block = stream.read(BLOCK)


def _unpacked(packed: Iterable[bytes], complain: Callable[[str], object]) -> Iterator[bytes]:
    unpack = zlib.decompressobj(wbits=31)
    for block in packed:
        data = block
        while data:
            if unpack.eof:
                # A gzip file may have several members; padding after them is not a member.
                if not data.startswith(_GZIP):
                    return
                unpack = zlib.decompressobj(wbits=31)
            if found := unpack.decompress(data, BLOCK):
                yield found
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if rest := unpack.flush():
        yield rest
    if not unpack.eof:
        complain("the gzip file was not written to its end; the existing part was read")


def split_lines(blocks: Iterable[bytes], *, ends: bool = False) -> Iterator[list[bytes | None]]:
    """Yield the lines of some blocks, a list for each; None for a line above `MAX_LINE`.

    Args:
        blocks: The blocks.
        ends: Whether lines keep the mark at their end, which saves a copy of each.
    """
    rest, dropping = b"", False
    for block in blocks:
        text = rest + block
        # bytes.split looks at one byte at a time, and a stream for the next end of a line.
        whole = BytesIO(text).readlines()
        rest = whole.pop() if whole and not text.endswith(b"\n") else b""
        lines: list[bytes | None] = [*whole] if ends else [line[:-1] for line in whole]
        if dropping and lines:
            lines[0], dropping = None, False
        if dropping or len(rest) > MAX_LINE:
            rest, dropping = b"", True
        if len(text) > MAX_LINE:
            lines = [None if line and len(line) > MAX_LINE + ends else line for line in lines]
        yield lines
    if rest or dropping:
        yield [None if dropping else rest]
