"""Parses the output of an environment: plain lines, and records in the frames of AWS's runtimes.

Lambda gives a runtime a file descriptor for its log. The runtime writes records of several lines to
it, each after a frame header: four bytes that mark a frame, four with its length, eight with the
time. Source: `FramedTelemetryLogSink` of awslambdaric; AWS's clients for other languages do the
same. Here the descriptor is the pipe that also takes the process's output, which keeps the order.
"""

from __future__ import annotations

__all__ = ("LOG_VARIABLE", "LogEntries")

LOG_VARIABLE = "_LAMBDA_TELEMETRY_LOG_FD"
"""The variable with the number of the descriptor."""

# No UTF-8 text contains these bytes.
_MARK = b"\xa5\x5a\x00"
_HEADER = 16
# The most bytes that CloudWatch accepts in an entry. A longer one is not a frame.
_LONGEST = 1024 * 1024


class LogEntries:
    """Splits the bytes from the pipe into entries."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, piece: bytes) -> list[str]:
        """Return the entries that another piece completes, without the newlines at their ends."""
        self._held += piece
        entries = []
        while entry := self._take():
            entries.append(entry[0])
        return entries

    def end(self) -> list[str]:
        """Return the last entry, if no newline came after it."""
        left, self._held = self._held, b""
        return [_text(left)] if left else []

    def _take(self) -> tuple[str] | None:
        held = self._held
        mark, line = held.find(_MARK), held.find(b"\n")
        if mark == 0 and (length := int.from_bytes(held[4:8], "big")) <= _LONGEST:
            whole = _HEADER + length
            return self._cut(whole, whole, _HEADER) if len(held) >= whole else None
        if mark > 0 and not 0 <= line < mark:
            return self._cut(mark, mark)
        if line >= 0:
            return self._cut(line, line + 1)
        return self._cut(_LONGEST, _LONGEST) if len(held) > _LONGEST else None

    def _cut(self, end: int, following: int, begin: int = 0) -> tuple[str]:
        entry, self._held = self._held[begin:end], self._held[following:]
        return (_text(entry),)


def _text(entry: bytes) -> str:
    return entry.decode("utf-8", "replace").rstrip("\n")
