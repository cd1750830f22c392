"""Writes the log without waiting for its reader.

A pipe without a reader would block the event loop and the master, and so SIGTERM. A closed pipe
would make Python print a traceback for every record. Records that cannot be written wait, up to a
limit; further ones are counted and dropped.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import stat
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

__all__ = ("LogOutput",)

# The most bytes that wait for a reader, in each process.
_LIMIT = 1 << 20

# A pipe accepts this much in one write, or nothing.
_PIECE = 4096

# Seconds that the reader has to read the last records when the process ends.
_LAST = 1.0

_log = logging.getLogger("ferryman.log")


class LogOutput:
    """A stream for a log handler, which writes to the file descriptor of another stream.

    Args:
        stream: The stream to write to, which has a file descriptor.
    """

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = _descriptor(stream.fileno())
        self._write = _writer(self._descriptor)
        self._isatty = stream.isatty()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._dropped = 0
        os.register_at_fork(after_in_child=self._forget)

    def fileno(self) -> int:
        """Return the file descriptor, for code that writes to it directly."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._isatty

    def write(self, text: str) -> None:
        """Queue a record, and write it when possible."""
        self.keep(text.encode(errors="backslashreplace"))

    def keep(self, data: bytes) -> None:
        """Queue bytes, and write them when possible; drop them if too many wait."""
        if self._size + len(data) > _LIMIT:
            self._dropped += 1
        else:
            self._waiting.append(data)
            self._size += len(data)

    def flush(self) -> None:
        """Write as much as possible without waiting."""
        try:
            while self._waiting:
                data = self._waiting[0]
                count = self._write(data)
                self._size -= count
                if count < len(data):
                    self._waiting[0] = data[count:]
                else:
                    self._waiting.popleft()
        except BlockingIOError:
            pass
        except OSError:  # the file can no longer be written
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._size = 0

    def keep_up(self) -> None:
        """Write as much as possible without waiting, and report how many records are missing."""
        self.flush()
        if self._dropped and not self._waiting:
            dropped, self._dropped = self._dropped, 0
            _log.warning("%d records are missing here: the log was not read", dropped)

    def text_stream(self) -> TextIO:
        """Return a stream for `print` that does not wait for a reader."""
        return TextIOWrapper(_Bytes(self), "utf-8", "backslashreplace", line_buffering=True)  # type: ignore[type-var]

    def close(self) -> None:
        """Write the rest, if the reader reads it soon."""
        until = time.monotonic() + _LAST
        self.flush()
        while self._waiting and time.monotonic() < until:
            time.sleep(0.02)
            self.flush()

    def _forget(self) -> None:
        # The parent writes the records that wait.
        self._waiting.clear()
        self._size = self._dropped = 0


class _Bytes:
    """The binary stream that `TextIOWrapper` requires."""

    closed = False

    def __init__(self, output: LogOutput) -> None:
        self._output = output
        self.fileno = output.fileno
        self.flush = output.flush
        self.isatty = output.isatty

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: bytes) -> int:
        self._output.keep(bytes(data))
        self._output.flush()
        return len(data)

    def close(self) -> None:
        """Do not close the log, which is used after the stream for `print`."""


def _descriptor(shared: int) -> int:
    """Return a non-blocking descriptor of the same file, or the same one if that is impossible.

    The shared descriptor stays blocking for its other users, such as a shell.
    """
    mode = os.fstat(shared).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        with suppress(OSError):
            return os.open(f"/proc/self/fd/{shared}", flags)
    return shared


def _writer(descriptor: int) -> Callable[[bytes], int]:
    """Return a function that writes to a descriptor, or raises BlockingIOError if it would wait."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):  # a socket of the journal
        connection = socket.socket(fileno=os.dup(descriptor))
        return lambda data: connection.send(data, socket.MSG_DONTWAIT)
    if stat.S_ISREG(mode) or not os.get_blocking(descriptor):
        return lambda data: os.write(descriptor, data)
    return lambda data: _write_if_ready(descriptor, data)


def _write_if_ready(descriptor: int, data: bytes) -> int:
    """Write as much as a pipe certainly accepts."""
    if not select.select((), (descriptor,), (), 0)[1]:
        raise BlockingIOError
    return os.write(descriptor, data[:_PIECE])
