"""Reads files in blocks and splits blocks into lines, in memory that does not grow with them.

It decompresses gzip, whatever the name of the file, and reads the existing part of an incomplete
one. It skips the byte order mark that Excel and other Windows programs write before UTF-8.
"""

from __future__ import annotations

import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import BinaryIO

__all__ = ("BLOCK", "MAX_LINE", "blocks", "foreign", "split_lines")

BLOCK = 1 << 18
"""Bytes read at once. Larger blocks do not fit into the processor's cache, and are slower."""

MAX_LINE = 1 << 20
"""The most bytes of a line. A longer line is dropped, and counts as unreadable."""

_GZIP = b"\x1f\x8b"

_FOREIGN = {
    b"BZh": "it is compressed with bzip2; decompress it first",
    b"PK\x03\x04": "it is a zip archive; extract it first",
    b"\xfd7zXZ\0": "it is compressed with xz; decompress it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; decompress it first",
    b"PAR1": "it is Parquet; write the log as text or JSON",
    BOM_UTF16_LE: "it is in UTF-16; convert it to UTF-8",
    BOM_UTF16_BE: "it is in UTF-16; convert it to UTF-8",
}


def blocks(
    stream: BinaryIO, watch: Callable[[int], object], complain: Callable[[str], object]
) -> Iterator[bytes]:
    """Yield a file in blocks, decompressed.

    Args:
        stream: The file.
        watch: Called with each number of bytes read from the file.
        complain: Called with a message if the file is damaged or incomplete.
    """
    contents = _decompressed(stream, watch, complain)
    # With the byte order mark, the heading would not match, and counts would be read as durations.
    yield next(contents, b"").removeprefix(BOM_UTF8)
    yield from contents


def foreign(head: bytes) -> str | None:
    """Return why a file cannot be read, by its first bytes; None if they are not known."""
    return next((reason for mark, reason in _FOREIGN.items() if head.startswith(mark)), None)


def _decompressed(
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
            if block_out := unpack.decompress(data, BLOCK):
                yield block_out
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if rest := unpack.flush():
        yield rest
    if not unpack.eof:
        complain("the gzip file is incomplete; the existing part was read")


def split_lines(blocks: Iterable[bytes], *, ends: bool = False) -> Iterator[list[bytes | None]]:
    """Yield a list of lines for each block; None for a line longer than `MAX_LINE`.

    Args:
        blocks: The blocks.
        ends: Whether lines keep their line ends, which saves a copy of each line.
    """
    rest, dropping = b"", False
    for block in blocks:
        text = rest + block
        # A stream finds line ends faster than bytes.split, which looks at one byte at a time.
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
