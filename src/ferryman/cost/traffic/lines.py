"""Files as blocks and blocks as lines, in memory that does not grow with either.

It unpacks gzip as it arrives, whatever the file is called, and keeps what a half-written
one still holds.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

__all__ = ("BLOCK", "MAX_LINE", "blocks", "split_lines")

BLOCK = 1 << 18
"""Bytes that are read at once. Larger blocks leave the processor's cache, and are slower."""

MAX_LINE = 1 << 20
"""Bytes a line may have. A longer one is dropped as it arrives, and counts as unreadable."""

_GZIP = b"\x1f\x8b"


def blocks(
    stream: BinaryIO, watch: Callable[[int], object], complain: Callable[[str], object]
) -> Iterator[bytes]:
    """Yield a file in blocks, unpacked.

    Args:
        stream: The file.
        watch: Is told of each number of bytes read from it.
        complain: Is told, in words, if it ends or breaks before its end.
    """
    first = stream.read(BLOCK)
    raw = _raw(first, stream, watch)
    if not first.startswith(_GZIP):
        yield from raw
        return
    try:
        yield from _unpacked(raw, complain)
    except zlib.error as error:
        complain(f"the gzip data is damaged ({error}); what came before was read")


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
                # A gzip file may have several members; padding after them is no member.
                if not data.startswith(_GZIP):
                    return
                unpack = zlib.decompressobj(wbits=31)
            if found := unpack.decompress(data, BLOCK):
                yield found
            data = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    if rest := unpack.flush():
        yield rest
    if not unpack.eof:
        complain("the gzip file was not written to its end; what there is was read")


def split_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes | None]]:
    """Yield the lines of some blocks, a list for each; None for a line above `MAX_LINE`."""
    rest, dropping = b"", False
    for block in blocks:
        lines: list[bytes | None] = [*(rest + block).split(b"\n")]
        rest = lines.pop() or b""
        if dropping and lines:
            lines[0], dropping = None, False
        if dropping or len(rest) > MAX_LINE:
            rest, dropping = b"", True
        if lines and max(map(len, filter(None, lines)), default=0) > MAX_LINE:
            lines = [None if line and len(line) > MAX_LINE else line for line in lines]
        yield lines
    if rest or dropping:
        yield [None if dropping else rest]
