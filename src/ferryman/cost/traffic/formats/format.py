"""What a format of logs is: how it is recognised, and how its lines are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ferryman.cost.traffic.lines import split_lines
from ferryman.cost.traffic.record import Record

__all__ = ("Format", "Parse", "Split")

Parse = Callable[[bytes], Record | None]
"""Reads a line: a request, or None for a line that tells of none. Raises ValueError,
LookupError or TypeError for a line that it cannot read."""

Split = Callable[[Iterable[bytes]], Iterator[list[bytes | None]]]
"""Cuts blocks of a file into lines; None stands for a line that is too long."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of logs.

    Args:
        name: What ``--log-format`` calls it. Formats that one program writes share it.
        title: What a reader calls it.
        detect: Whether a line is of this format, and of none that stands after it in the
            catalog.
        reader: Returns what reads the lines of one file, in their order.
        split: Cuts a file into lines.
    """

    name: str
    title: str
    detect: Callable[[bytes], bool]
    reader: Callable[[], Parse]
    split: Split = split_lines
