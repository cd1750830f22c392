"""Parses what an environment writes: lines, and records in the frames of AWS's runtimes.

A runtime that is told of a descriptor for its log writes records of several lines there, each
in a frame: four bytes that say what it is, four for its length, eight for the time. Source:
`FramedTelemetryLogSink` of awslambdaric, whose clients for other languages do the same. Here
that descriptor leads into the same pipe as the process's output, so that both keep their order.
"""

from __future__ import annotations

__all__ = ("LOG_VARIABLE", "LogEntries")

LOG_VARIABLE = "_LAMBDA_TELEMETRY_LOG_FD"
"""The variable that tells a runtime of the descriptor."""

# No text in UTF-8 holds it.
_MARK = b"\xa5\x5a\x00"
_HEADER = 16
# CloudWatch takes no more in one entry; what claims to be longer is not a frame.
_LONGEST = 1024 * 1024


class LogEntries:
    """Puts what was read from the pipe together again."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, piece: bytes) -> list[str]:
        """Return the entries that a further piece completes, without their last line ends."""
        self._held += piece
        entries = []
        while entry := self._take():
            entries.append(entry[0])
        return entries

    def end(self) -> list[str]:
        """Return what was written last, if no line end came after it."""
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
