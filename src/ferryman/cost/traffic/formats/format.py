"""What a format of logs is: how it is recognised, and how its lines are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ferryman.cost.traffic.lines import split_lines
from ferryman.cost.traffic.record import Record

__all__ = ("ALL", "ANY", "HALF", "Format", "Parse", "Split")

Parse = Callable[[bytes], Record | None]
"""Reads a line: a request, or None for a line that tells of none. Raises ValueError,
LookupError or TypeError for a line that it cannot read."""

Split = Callable[[Iterable[bytes]], Iterator[list[bytes | None]]]
"""Cuts blocks of a file into lines; None stands for a line that is too long."""

ANY, HALF, ALL = 0.0, 0.5, 0.95
"""The share of the sampled lines that must be of a format: one is enough for a program that logs
other things as well, half for an access log, and all but a few damaged ones for the plainest."""


class Reader(Protocol):
    """Makes what reads the lines of one file, in their order."""

    def __call__(self, sample: Sequence[bytes] = (), bare: float | None = None, /) -> Parse:
        """Return it.

        Args:
            sample: The first lines of the file.
            bare: Milliseconds in the unit of a number that may be a duration and does not say
                so; ``None`` if the user does not say.
        """


def _no_remark(_: Sequence[bytes]) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """A format of logs.

    Args:
        name: What ``--log-format`` calls it. Formats that one program writes share it.
        title: What a reader calls it.
        detect: Whether a line is of this format, and of none that stands after it in the
            catalog.
        reader: Returns what reads the lines of one file.
        split: Cuts a file into lines.
        needs: The share of the sampled lines that must be of it.
        remark: What must be said of a file before it is read, from its first lines.
    """

    name: str
    title: str
    detect: Callable[[bytes], bool]
    reader: Reader
    split: Split = split_lines
    needs: float = HALF
    remark: Callable[[Sequence[bytes]], str | None] = _no_remark
