"""Logs in W3C's extended format: lines of fields that a `#Fields:` line names.

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
    """Return what reads the lines of one log, in their order.

    Args:
        cells_of: Splits a line into its fields.
        record: Makes a record of the fields by their names; None where the line counts for none.

    Raises:
        ValueError: By what is returned: a line has not the fields that the header names.
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
            raise ValueError(f"{len(cells)} fields, where the header names {len(names)}")
        return record(dict(zip(names, cells, strict=True)))

    return parse
