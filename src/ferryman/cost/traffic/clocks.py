"""Reads the times of logs fast: lines that follow each other share their minute, so it is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ("common_log_clock", "iso_clock")

Clock = Callable[[bytes], float]

_Z = ord("Z")
_UTC_ENDINGS = (b"Z", b"+00:00")


def iso_clock() -> Clock:
    """Return a reader of ISO 8601 times; a time without a zone is UTC.

    The reader returns seconds since 1970, and raises ValueError for anything else.
    """
    minute, base = b"", 0.0

    def read(text: bytes) -> float:
        nonlocal minute, base
        if text[:17] == minute and text[-1] == _Z:
            return base + float(text[17:-1])
        rest = text[16:]
        if rest.endswith(_UTC_ENDINGS) and rest[:1] == b":":
            if text[:17] != minute:
                base = _iso(text[:16] + b":00Z")
                minute = text[:17]
            return base + float(rest[1:-1] if rest[-1:] == b"Z" else rest[1:-6])
        return _iso(text)

    return read


def _iso(text: bytes) -> float:
    moment = datetime.fromisoformat(text.decode("ascii"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def common_log_clock() -> Clock:
    """Return a reader of times such as ``10/Oct/2026:13:55:36 -0700``."""
    minute, base = b"", 0.0

    def read(text: bytes) -> float:
        nonlocal minute, base
        around = text[:17] + text[20:]
        if around != minute:
            words = (text[:17] + b":00" + text[20:]).decode("ascii")
            base = datetime.strptime(words, "%d/%b/%Y:%H:%M:%S %z").timestamp()
            minute = around
        return base + int(text[18:20])

    return read
