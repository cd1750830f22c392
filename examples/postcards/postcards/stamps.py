"""Draws the stamp of a card as a PNG, with the standard library alone."""

import struct
import zlib
from hashlib import sha256

from postcards.cards import Postcard

CELL = 8  # pixels along the side of one square of the pattern
COLUMNS, ROWS = 11, 13
EDGE, PAPER, INK, WASH = range(4)
INKS = (("8a1c1c", "e8b4a0"), ("1f4e79", "a9c7e0"), ("2f5d3a", "b5d1b0"), ("5b3a7a", "cdb8dd"))


def draw_stamp(card: Postcard) -> bytes:
    """Draw a pattern that follows from the card's number and place."""
    seed = sha256(f"{card.number} {card.place}".encode()).digest()
    cells = [[_pick_ink(seed, row, column) for column in range(COLUMNS)] for row in range(ROWS)]
    ink, wash = INKS[seed[0] % len(INKS)]
    return encode_png(cells, bytes.fromhex("ffffff" + "fdf8ec" + ink + wash))


def _pick_ink(seed: bytes, row: int, column: int) -> int:
    rim = min(row, column, ROWS - 1 - row, COLUMNS - 1 - column)
    if rim == 0:
        return EDGE if (row + column) % 2 else PAPER
    if rim == 1:
        return PAPER
    mirrored = min(column, COLUMNS - 1 - column)
    return (PAPER, INK, WASH, INK)[seed[(row * COLUMNS + mirrored) % len(seed)] % 4]


def encode_png(cells: list[list[int]], palette: bytes) -> bytes:
    """Encode squares of four colours, of which the first is transparent.

    Args:
        cells: Rows of numbers from 0 to 3.
        palette: Three bytes for each of the four colours.

    The format is that of the W3C recommendation PNG: two bits a pixel, no filter.
    """
    width, height = len(cells[0]) * CELL, len(cells) * CELL
    # Stored, not deflated: zlib's builds differ in how they deflate, and the ETag must not.
    scanlines = b"".join(
        (b"\0" + bytes(c * 0b01010101 for c in row for _ in range(CELL // 4))) * CELL
        for row in cells
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 2, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette),
            _chunk(b"tRNS", b"\0"),
            _chunk(b"IDAT", zlib.compress(scanlines, level=0)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
