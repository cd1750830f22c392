"""Reads from a server's log why the app did not start, and what its handlers raised."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.core.errors import AppError, FerrymanError
from ferryman.local.lambda_.app_log import own_frames

__all__ = ("logged_tracebacks", "start_error")

_LINES = 12


def start_error(log: str) -> FerrymanError:
    """Return the error in a server's log, or an error with the log's last lines as its cause.

    Args:
        log: The log; of JSON lines those with an `error` count.
    """
    for error in _errors(log):
        return AppError.from_dict(error)
    tail = "\n".join(log.splitlines()[-_LINES:])
    return AppError("the server ended before it was ready", cause=tail or "it wrote nothing")


def logged_tracebacks(log: str) -> list[str]:
    """Return the tracebacks in a server's log, in its order, without frames of ferryman."""
    found = [str(record["exception"]) for record in _records(log) if "exception" in record]
    return ["\n".join(own_frames(trace.splitlines())) for trace in found]


def _errors(log: str) -> Iterator[Mapping[str, Any]]:
    return (record["error"] for record in _records(log) if "error" in record)


def _records(log: str) -> Iterator[Mapping[str, Any]]:
    for line in log.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record
