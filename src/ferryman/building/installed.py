"""The distributions in a directory of installed wheels: the owner of each file, the records.

Source: "Recording installed projects", in the Python packaging specifications.
"""

from __future__ import annotations

import csv
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

__all__ = ("Installed", "installed_in", "rewrite_records", "write_record")

_RECORD = "RECORD"
_MODULES = "top_level.txt"


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution.

    Attributes:
        name: Its name, normalised.
        version: Its version.
        metadata: The place of its `.dist-info` directory.
        places: The files that its record names.
    """

    name: str
    version: str
    metadata: str
    places: tuple[str, ...]


def installed_in(tree: Path) -> tuple[Installed, ...]:
    """Return the distributions in a directory, by their names."""
    return tuple(sorted(map(_read, tree.glob("*.dist-info")), key=lambda one: one.name))


def rewrite_records(tree: Path, replaced: dict[str, str]) -> None:
    """Rewrite each distribution's record to list the files that exist.

    `importlib.metadata` reads from it the files of a distribution, and the packages.

    Args:
        tree: The directory of the distributions.
        replaced: Bytecode that replaced sources, or lies beside them, by source.
    """
    for one in installed_in(tree):
        compiled = (replaced[place] for place in one.places if place in replaced)
        there = {place for place in (*one.places, *compiled) if (tree / place).is_file()}
        _name_modules(tree, one, there)
        record = f"{one.metadata}/{_RECORD}"
        write_record(tree / record, {place: tree / place for place in there - {record}})


def write_record(record: Path, files: Mapping[str, Path]) -> None:
    """Write a record of some files, with their digests, and of itself.

    Args:
        record: The record, in a `.dist-info` directory.
        files: The files, by their places in the installation.
    """
    with record.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        for place, path in sorted(files.items()):
            rows.writerow((place, *_facts(path)))
        rows.writerow((f"{record.parent.name}/{record.name}", "", ""))


def _read(directory: Path) -> Installed:
    name, _, version = directory.name.removesuffix(".dist-info").partition("-")
    return Installed(canonicalize_name(name), version, directory.name, (*_recorded(directory),))


def _recorded(directory: Path) -> Iterator[str]:
    try:
        with (directory / _RECORD).open(encoding="utf-8", newline="") as file:
            yield from (row[0] for row in csv.reader(file) if row)
    except FileNotFoundError:
        return  # a wheel without a record can still be imported


def _facts(path: Path) -> tuple[str, str]:
    if path.suffix == ".pyc":
        return "", ""  # as pip does it
    content = path.read_bytes()
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest}", str(len(content))


def _name_modules(tree: Path, one: Installed, there: set[str]) -> None:
    """Name the modules of a distribution that ships no source: Python 3.11 looks for `.py`."""
    place = f"{one.metadata}/{_MODULES}"
    if place in there or any(name.endswith(".py") for name in there):
        return
    top = {name.partition("/")[0] for name in there if name.endswith(".pyc")}
    if top:
        text = "".join(f"{name.removesuffix('.pyc')}\n" for name in sorted(top))
        (tree / place).write_text(text, encoding="utf-8")
        there.add(place)
