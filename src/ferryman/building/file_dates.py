"""Derives the dates of files from their content: the same content has the same date.

An artifact must be the same bytes wherever it is built, so no file keeps the date it has on
disk. A web server, however, tells clients a file's date, and aiohttp makes its ETag of date and
size: were all files equally old, a changed file of the same size would count as unchanged.
"""

from __future__ import annotations

import hashlib

__all__ = ("OLDEST", "date_of")

OLDEST = 315532800
"""1 January 1980 in seconds since 1970: the oldest date that a zip can hold."""

# Zips count in steps of two seconds. The last of these dates lies in 2019: in the past for
# every client, so that `Last-Modified` is a date that HTTP allows (RFC 9110, 8.8.2.1).
_STEP, _STEPS = 2, 630_720_000
_CODE = (".py", ".pyc", ".so")


def date_of(place: str, content: bytes, date: int = OLDEST) -> int:
    """Return the date of a file in an artifact, in seconds since 1970.

    Args:
        place: Where it lies in the artifact.
        content: What is in it.
        date: The date of Python and machine code, which clients never see.
    """
    if place.endswith(_CODE):
        return date
    digest = hashlib.sha256(content).digest()
    return OLDEST + _STEP * (int.from_bytes(digest[:8], "big") % _STEPS)
