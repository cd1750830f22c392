"""The sizes of an artifact's packages, and the reason for each file that was left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from ferryman.records.wording import counted, size_text

__all__ = ("Dropped", "PackageSize", "Report", "largest_packages")

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file of a package that does not ship.

    Attributes:
        place: Where it would have been.
        package: The distribution it belongs to.
        size: Its size, in bytes.
        reason: Why it does not ship.
    """

    place: str
    package: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class PackageSize:
    """The size of a package.

    Attributes:
        name: The distribution, or `ferryman` and the app's own name.
        wheel: Bytes as it was installed; for files of no wheel, as `unpacked`.
        unpacked: Bytes as it ships.
        packed: Bytes in the archive.
        files: How many files ship.
    """

    name: str
    wheel: int
    unpacked: int
    packed: int
    files: int


@dataclass(frozen=True, slots=True)
class Report:
    """The sizes of packages, and the dropped files.

    Attributes:
        packages: The largest first.
        dropped: By package and place.
        notes: Further steps, and steps that were not possible.
    """

    packages: tuple[PackageSize, ...]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_text(self) -> str:
        """Return the report as a table, the reasons with their files, and the notes."""
        lines = [f"{'package':<24}{'wheel':>10}{'unpacked':>10}{'packed':>10}{'files':>7}"]
        lines += [_row(package) for package in self.packages]
        lines.append(_row(_total(self.packages)))
        lines += ["", "left out:", *_reasons(self.dropped)]
        lines += [f"  {one.place}  {size_text(one.size)}: {one.reason}" for one in self.dropped]
        if self.notes:
            lines += ["", *self.notes]
        return "\n".join(lines) + "\n"


def largest_packages(sizes: Mapping[str, int], owners: Mapping[str, str], count: int = 3) -> str:
    """Return the largest packages, in words.

    Args:
        sizes: Bytes of each file, by its place.
        owners: The package of each file that has one.
        count: How many to name.
    """
    totals: dict[str, int] = {}
    for place, size in sizes.items():
        owner = owners.get(place, place.partition("/")[0])
        totals[owner] = totals.get(owner, 0) + size
    largest = sorted(totals.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{name} {size_text(size)}" for name, size in largest)


def _row(package: PackageSize) -> str:
    sizes = (package.wheel, package.unpacked, package.packed)
    return f"{package.name:<24}" + "".join(map(_kib, sizes)) + f"{package.files:>7}"


def _kib(size: int) -> str:
    return f"{size / 1024:>6.0f} KiB"


def _total(packages: Iterable[PackageSize]) -> PackageSize:
    rows = tuple(packages)
    return PackageSize(
        name="total",
        wheel=sum(row.wheel for row in rows),
        unpacked=sum(row.unpacked for row in rows),
        packed=sum(row.packed for row in rows),
        files=sum(row.files for row in rows),
    )


def _reasons(dropped: Iterable[Dropped]) -> Iterable[str]:
    groups: dict[str, list[int]] = {}
    for one in dropped:
        groups.setdefault(one.reason, []).append(one.size)
    for reason, sizes in sorted(groups.items(), key=lambda item: -sum(item[1])):
        yield f"  {sum(sizes) / 1024:>6.0f} KiB in {counted(len(sizes), 'file'):>10}: {reason}"
