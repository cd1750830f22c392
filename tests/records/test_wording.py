"""Counts, sizes and figures as people read them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from ferryman.records.wording import counted, size_text, three_digits

SOURCES = Path(__file__).parents[2] / "src" / "ferryman"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((0, "0 files"), (1, "1 file"), (2, "2 files"), (12_345, "12,345 files")),
        *((1.0, "1 file"), (0.999_9, "1 file"), (1.25, "1.25 files")),
    ],
)
def test_one_is_singular_and_all_else_plural(count: float, text: str) -> None:
    assert counted(count, "file") == text


def test_a_plural_may_be_irregular() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(3, "entry", "entries") == "3 entries"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        *((0, "0 bytes"), (1, "1 byte"), (1_000, "1,000 bytes"), (1_024, "1 KiB")),
        *(
            (1_138.7, "1.11 KiB"),
            (6 * 2**20, "6 MiB"),
            (2**20 - 1, "1 MiB"),
            (2**20 - 400, "1 MiB"),
        ),
        *((1_000 * 2**10, "1,000 KiB"), (260 * 2**20, "260 MiB"), (3 * 2**29, "1.5 GiB")),
    ],
)
def test_a_size_is_in_the_largest_unit_that_it_fills(size: float, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((6.104, "6.1"), (40.512, "40.5"), (1_138.7, "1,139"), (0.001_234_5, "0.00123")),
        *(
            (0, "0"),
            (999.6, "1,000"),
            (9.996, "10"),
            (1.5e-7, "0.00000015"),
            (5e9, "5,000,000,000"),
        ),
        *((Decimal("0.0013"), "0.0013"), (Decimal("Infinity"), "Infinity"), (-2.345, "-2.35")),
    ],
)
def test_three_digits_count(number: float | Decimal, text: str) -> None:
    assert three_digits(number) == text


def test_sizes_are_written_by_one_function() -> None:
    """Columns of one unit and what AWS prints itself apart, no module divides bytes itself."""
    divided = re.compile(r"(?<!/)/ ?(?:2\*\*[123]0|1024|_MIB)[^\n]{0,12}\} ?[KMG]i?B")
    found = {
        str(path.relative_to(SOURCES))
        for path in SOURCES.rglob("*.py")
        if divided.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"building/contents_report.py"}
