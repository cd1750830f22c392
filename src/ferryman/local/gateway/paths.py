"""The changes that an HTTP API makes to the path of a request."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ferryman.local.gateway.faults import Fault
from ferryman.local.gateway.protocol import Refused

__all__ = ("decode_path",)

_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_path(path: str) -> str:
    """Return a path as an HTTP API puts it into an event.

    An HTTP API decodes the path twice, and cuts it at a question mark in between. Events captured
    in July 2026 show this; AWS does not document it.

    Raises:
        Refused: The path cannot be decoded twice.
    """
    once = unquote(path).partition("?")[0]
    if _BARE_PERCENT.search(once):
        raise Refused(Fault.PATH)
    return unquote(once)
