"""The report says what takes the space and why the rest was left out."""

from __future__ import annotations

import json

from ferryman.building.contents_report import Dropped, PackageSize, Report, largest_packages

REPORT = Report(
    packages=(
        PackageSize("oar", wheel=4096, unpacked=2048, packed=1024, files=3),
        PackageSize("mast", wheel=2048, unpacked=2048, packed=1024, files=1),
    ),
    dropped=(
        Dropped("oar/tests/a.py", "oar", 1024, "tests"),
        Dropped("oar/tests/b.py", "oar", 1024, "tests"),
        Dropped("oar/a.c", "oar", 4096, "C source"),
    ),
    notes=("2 extension modules stripped",),
)


def test_the_table_ends_with_the_sum() -> None:
    rows = [line.split() for line in REPORT.to_text().splitlines()]
    assert rows[1] == ["oar", "4", "KiB", "2", "KiB", "1", "KiB", "3"]
    assert rows[3] == ["total", "6", "KiB", "4", "KiB", "2", "KiB", "4"]


def test_reasons_come_by_what_they_save_and_every_file_has_one() -> None:
    text = REPORT.to_text()
    assert text.index("4 KiB in     1 file: C source") < text.index("2 KiB in    2 files: tests")
    assert "oar/tests/b.py  1 KiB: tests" in text
    assert text.endswith("2 extension modules stripped\n")


def test_the_json_holds_the_same() -> None:
    read = json.loads(REPORT.to_json())
    assert [row["name"] for row in read["packages"]] == ["oar", "mast"]
    assert read["dropped"][2]["reason"] == "C source"


def test_the_largest_packages_are_named_and_files_of_none_by_their_directory() -> None:
    sizes = {"oar/a": 3 * 2**20, "oar/b": 2**20, "sail/x": 2 * 2**20, "data/y": 5 * 2**20}
    owners = {"oar/a": "oar", "oar/b": "oar", "sail/x": "canvas"}
    assert largest_packages(sizes, owners, 2) == "data 5 MiB, oar 4 MiB"
    assert "canvas 2 MiB" in largest_packages(sizes, owners)
