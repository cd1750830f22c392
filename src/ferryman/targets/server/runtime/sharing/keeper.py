"""The process that watches idle connections for all workers.

It closes connections that are idle for too long, and queues connections with new bytes. It does not
run the app's code and waits for nothing else, so it is never late.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from ferryman.targets.server.runtime.sharing.passing import Channel, Note, receive, send

__all__ = ("Keeper",)

_SWEEP = 0.5
_IGNORED = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(slots=True)
class _Kept:
    connection: socket.socket
    until: float
    peer: tuple[str, int] | None


class Keeper:
    """Watches idle connections.

    Args:
        idle: The channel for idle connections from workers.
        asked: The channel for connections with a new request to workers.
        most: The most connections to keep; one more closes the one that is idle longest.
        drain_delay: Seconds from the signal to end until idle connections are closed.
    """

    def __init__(self, idle: Channel, asked: Channel, most: int, drain_delay: float) -> None:
        self._idle = idle
        self._asked = asked
        self._most = most
        self._drain_delay = drain_delay
        self._kept: dict[int, _Kept] = {}
        self._waiting: deque[_Kept] = deque()
        self._selector = selectors.DefaultSelector()
        self._end: float | None = None
        self._parent = os.getppid()

    def run(self) -> None:
        """Watch until a signal to end, or until the master has ended."""
        for ignored in _IGNORED:
            signal.signal(ignored, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, self._hear)
        self._selector.register(self._idle.outward, selectors.EVENT_READ)
        swept = time.monotonic()
        while not self._is_over():
            for key, _ in self._selector.select(_SWEEP):
                if key.fileobj is self._idle.outward:
                    self._take()
                elif key.fileobj is not self._asked.inward:
                    self._see(self._kept.pop(key.fd))
            self._hand_on()
            if (now := time.monotonic()) - swept > _SWEEP:
                swept = now
                self._sweep(now)

    def _hear(self, *_: object) -> None:
        delay = self._drain_delay if self._end is None else 0.0
        self._end = time.monotonic() + delay

    def _is_over(self) -> bool:
        if os.getppid() != self._parent and self._end is None:
            self._hear()
        return self._end is not None and time.monotonic() >= self._end

    def _take(self) -> None:
        while (passed := receive(self._idle)) is not None:
            connection, note = passed
            if len(self._kept) >= self._most:
                self._close(next(iter(self._kept.values())))
            until = time.monotonic() + note.patience
            self._kept[connection.fileno()] = _Kept(connection, until, note.peer)
            self._selector.register(connection, selectors.EVENT_READ)

    def _see(self, kept: _Kept) -> None:
        self._selector.unregister(kept.connection)
        with suppress(OSError):
            if kept.connection.recv(1, socket.MSG_PEEK):
                self._waiting.append(kept)
                return
        kept.connection.close()

    def _hand_on(self) -> None:
        while self._waiting:
            kept = self._waiting[0]
            note = Note(kept.until - time.monotonic(), kept.peer)
            if not send(self._asked, kept.connection.fileno(), note):
                break
            self._waiting.popleft().connection.close()
        full = bool(self._waiting)
        if full != (self._asked.inward.fileno() in self._selector.get_map()):
            if full:
                self._selector.register(self._asked.inward, selectors.EVENT_WRITE)
            else:
                self._selector.unregister(self._asked.inward)

    def _sweep(self, now: float) -> None:
        for kept in [kept for kept in self._kept.values() if kept.until <= now]:
            self._close(kept)

    def _close(self, kept: _Kept) -> None:
        del self._kept[kept.connection.fileno()]
        self._selector.unregister(kept.connection)
        kept.connection.close()
