from __future__ import annotations

import gzip
import io

import pytest

from ferryman.cost.traffic.lines import BLOCK, MAX_LINE, blocks, split_lines


def unpack(data: bytes) -> tuple[bytes, list[str]]:
    told: list[str] = []
    return b"".join(blocks(io.BytesIO(data), lambda _: None, told.append)), told


def split(data: bytes, size: int) -> list[bytes | None]:
    parts = (data[start : start + size] for start in range(0, len(data), size))
    return [line for batch in split_lines(parts) for line in batch]


TEXT = b"".join(b"line %d\n" % n for n in range(200_000))


def test_a_plain_file_comes_as_it_is() -> None:
    assert unpack(TEXT) == (TEXT, [])


def test_gzip_is_unpacked_whatever_its_name() -> None:
    assert unpack(gzip.compress(TEXT)) == (TEXT, [])


def test_several_members_and_padding() -> None:
    """Files that were packed one by one and put together, as log rotation does."""
    data = gzip.compress(b"a\n") + gzip.compress(b"b\n") + bytes(512)
    assert unpack(data) == (b"a\nb\n", [])


def test_a_half_written_gzip_gives_what_it_has() -> None:
    packed = gzip.compress(TEXT)
    found, told = unpack(packed[: len(packed) // 2])
    assert TEXT.startswith(found)
    assert len(found) > len(TEXT) // 3
    assert told == ["the gzip file is incomplete; the existing part was read"]


def test_a_damaged_gzip_gives_what_came_before() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    found, told = unpack(bytes(packed))
    assert found[: len(TEXT) // 4] == TEXT[: len(TEXT) // 4]
    assert len(told) == 1
    assert told[0].startswith("the gzip data is damaged")


def test_a_gzip_that_swells_is_unpacked_in_small_blocks() -> None:
    packed = gzip.compress(bytes(50_000_000))
    sizes = [len(block) for block in blocks(io.BytesIO(packed), lambda _: None, print)]
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= BLOCK


def test_the_bytes_read_are_told() -> None:
    read: list[int] = []
    packed = gzip.compress(TEXT)
    for _ in blocks(io.BytesIO(packed), read.append, print):
        pass
    assert sum(read) == len(packed)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_lines_are_the_same_wherever_blocks_end(size: int) -> None:
    assert split(b"one\n\ntwo\r\nthree", size) == [b"one", b"", b"two\r", b"three"]


@pytest.mark.parametrize("size", [1000, BLOCK, 20 * MAX_LINE])
@pytest.mark.parametrize("end", [b"\nlast\n", b""])
def test_a_line_of_ten_megabytes_is_one_line_that_is_not_kept(size: int, end: bytes) -> None:
    found = split(b"first\n" + b"x" * 10 * MAX_LINE + end, size)
    assert [line for line in found if line != b""] == [b"first", None, *end.split()]
