"""Tells which distribution each installed file belongs to, by the RECORD of each."""

from __future__ import annotations

import csv
from pathlib import Path

__all__ = ("owners_of",)


def owners_of(tree: Path) -> dict[str, str]:
    """Return the distribution of each file, by its place in a directory of installed wheels."""
    owners: dict[str, str] = {}
    for record in sorted(tree.glob("*.dist-info/RECORD")):
        name = record.parent.name.partition("-")[0].replace("_", "-").lower()
        with record.open(encoding="utf-8", newline="") as file:
            owners.update((row[0], name) for row in csv.reader(file) if row)
    return owners
