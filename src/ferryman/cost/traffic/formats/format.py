"""A log format: how ferryman recognises it, and how it reads the lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ferryman.cost.traffic.lines import split_lines
from ferryman.cost.traffic.record import Record

__all__ = ("ALL", "ANY", "HALF", "Format", "Parse", "Split")

Parse = Callable[[bytes], Record | None]
"""Reads a line, and returns a request, or None if the line is not one. Raises ValueError,
LookupError or TypeError for a line that it cannot read."""

Split = Callable[[Iterable[bytes]], Iterator[list[bytes | None]]]
"""Splits blocks of a file into lines; None stands for a line that is too long."""

ANY, HALF, ALL = 0.0, 0.5, 0.95
"""The share of the sampled lines that must match a format: one line for a program that also logs
other things, half for an access log, and all but a few damaged lines for the simplest format."""


class Reader(Protocol):
    """Makes the function that reads the lines of one file, in their order."""

    def __call__(self, sample: Sequence[bytes] = (), bare: float | None = None, /) -> Parse:
        """Return the function.

        Args:
            sample: The first lines of the file.
            bare: Milliseconds in the unit of a number that may be a duration; ``None`` if the
                user does not say.
        """


def _no_remark(_: Sequence[bytes]) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """A log format.

    Args:
        name: The name in ``--log-format``. The formats of one program share it.
        title: The name in tables.
        detect: Returns whether a line is in this format, and not in one after it in the catalog.
        reader: Makes the function that reads the lines of one file.
        split: Splits a file into lines.
        needs: The share of the sampled lines that must match.
        remark: Returns a note on a file, from its first lines.
    """

    name: str
    title: str
    detect: Callable[[bytes], bool]
    reader: Reader
    split: Split = split_lines
    needs: float = HALF
    remark: Callable[[Sequence[bytes]], str | None] = _no_remark
