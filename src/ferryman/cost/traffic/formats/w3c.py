"""Logs in the W3C extended format: a `#Fields:` line names the fields of the lines after it.

Source: https://www.w3.org/TR/WD-logfile.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ferryman.cost.traffic.formats.format import Parse
from ferryman.cost.traffic.record import Record

__all__ = ("w3c_reader",)


def w3c_reader(
    cells_of: Callable[[str], list[str]], record: Callable[[Mapping[str, str]], Record | None]
) -> Parse:
    """Return a function that reads the lines of one log, in their order.

    It raises ValueError for a line whose number of fields differs from the header's.

    Args:
        cells_of: Splits a line into its fields.
        record: Makes a record from the fields by name; None if the line is not a request.
    """
    names: list[str] = []

    def parse(line: bytes) -> Record | None:
        nonlocal names
        if line.startswith(b"#"):
            if line.startswith(b"#Fields:"):
                names = line.decode().split()[1:]
            return None
        cells = cells_of(line.decode())
        if not names or len(cells) != len(names):
            raise ValueError(f"{len(cells)} fields, but the header names {len(names)}")
        return record(dict(zip(names, cells, strict=True)))

    return parse
