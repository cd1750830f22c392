"""What an environment writes, taken apart into entries."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local.lambda_.functions import Log, call, plain

from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.log_entries import LogEntries


def frame(text: str) -> bytes:
    encoded = text.encode()
    return b"\xa5\x5a\x00\x17" + len(encoded).to_bytes(4, "big") + bytes(8) + encoded


@pytest.mark.parametrize(
    ("written", "entries"),
    [
        pytest.param(b"one\ntwo\n", ["one", "two"], id="lines"),
        pytest.param(b"one\n\ntwo", ["one", "", "two"], id="no line end at the end"),
        pytest.param(frame("one\n") + b"two\n", ["one", "two"], id="a frame and a line"),
        pytest.param(b"half" + frame("one") + b"\n", ["half", "one", ""], id="half a line"),
        pytest.param(frame("a\n  b\nc") + frame(""), ["a\n  b\nc", ""], id="lines in a frame"),
        pytest.param("漢\n".encode() + frame("漢"), ["漢", "漢"], id="beyond ASCII"),
        pytest.param(frame("cut")[:-1], [frame("cut")[:-1].decode(errors="replace")], id="cut"),
        pytest.param(
            b"\xa5\x5a\x00\x03\xff\xff\xff\xffx\n",
            [b"\xa5\x5a\x00\x03\xff\xff\xff\xffx".decode(errors="replace")],
            id="what only looks like a frame",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_entries_are_the_same_however_they_are_read(
    written: bytes, entries: list[str], size: int
) -> None:
    log = LogEntries()
    pieces = [written[begin : begin + size] for begin in range(0, len(written), size)]
    assert [entry for piece in pieces for entry in log.feed(piece)] + log.end() == entries


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    log = LogEntries()
    entries = log.feed(b"x" * 3_000_000) + log.end()
    assert "".join(entries) == "x" * 3_000_000
    assert max(map(len, entries)) <= 1024 * 1024


LOGGING = """
import logging

def handler(event, context):
    print("before", flush=True)
    try:
        raise ValueError("the card was refused")
    except ValueError:
        logging.exception("no order")
    print("x" * 400_000)
    print("after", end="")
"""


async def test_a_record_with_a_traceback_is_one_entry_in_its_place(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(plain(tmp_path, source=LOGGING), log) as function:
        await call(function)
        await call(function)
    first = log[log.index("before") : log.index("before") + 4]
    assert "\tno order\nTraceback (most recent call last):" in first[1]
    assert first[1].endswith("ValueError: the card was refused")
    assert first[2] == "x" * 400_000
    assert first[3] == "after" or first[3].startswith("END")
