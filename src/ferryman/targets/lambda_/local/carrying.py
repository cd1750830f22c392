"""What of HTTP an event source carries, in names that a test can ask for.

Which source lacks what is read from the table that the event sources are tested with.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.lambda_.gateway.losses import CANNOT_CARRY

__all__ = ("CARRIED", "lacking")

CARRIED: Mapping[str, tuple[str, ...]] = {
    "header_case": ("the letter case of header names",),
    "raw_path": ("the escapes in a path",),
    "raw_query": ("how a query is encoded", "a repeated name in a query"),
    "repeated_query": ("a repeated name in a query",),
    "repeated_headers": ("a repeated header",),
}
"""Names, and how the rows of the table begin that say so."""


def lacking(source: str) -> frozenset[str]:
    """Return the names of what an event source does not carry."""
    lost = [loss.what for loss in CANNOT_CARRY if source in loss.sources]
    return frozenset(
        name
        for name, beginnings in CARRIED.items()
        if any(what.startswith(beginnings) for what in lost)
    )
