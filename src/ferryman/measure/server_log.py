"""Reads from a server's log why the app did not start."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ferryman.core.errors import AppError

__all__ = ("start_error",)

_LINES = 12


def start_error(log: str) -> AppError:
    """Return the error that a server's log ends with, in the words of the server.

    Args:
        log: The log, as JSON lines or as text.
    """
    message = next(_errors(log), "")
    first, _, rest = message.partition("\n")
    cause, _, hint = rest.removeprefix("cause: ").rpartition("\nhint: ")
    if first:
        return AppError(first, cause=cause or rest or None, hint=hint or None)
    tail = "\n".join(log.splitlines()[-_LINES:])
    return AppError("the server ended before it was ready", cause=tail or "it wrote nothing")


def _errors(log: str) -> Iterator[str]:
    for line in log.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("level") in ("ERROR", "CRITICAL"):
            yield str(record.get("message", ""))
