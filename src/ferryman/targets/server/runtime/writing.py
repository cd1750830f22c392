"""Closes connections whose clients do not read, so that they hold nothing for ever.

What counts is whether bytes arrive, and not how many are left to send: a client that reads
slowly but steadily is served, however long that takes.
"""

from __future__ import annotations

import fcntl
import logging
import socket
import struct
import termios
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ferryman.targets.server.runtime.connection import Connection
from ferryman.targets.server.runtime.metrics import WRITE_TIMEOUTS

__all__ = ("SlowReaders",)

# Where the count of acknowledged bytes is in Linux's struct tcp_info, and how far that reaches.
_ACKNOWLEDGED = 120
_TCP_INFO = 128

# Linger for no time at all: closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


class _Progress(NamedTuple):
    since: float
    arrived: int


class SlowReaders:
    """Watches the connections of a worker that have something left to send.

    Args:
        timeout: Seconds that a write may make no progress.
        count: Is told of each connection that is closed, by a name in the metrics.
    """

    def __init__(self, timeout: float, count: Callable[[str], None]) -> None:
        self._timeout = timeout
        self._count = count
        self._writing: dict[Connection, _Progress] = {}
        self._log = logging.getLogger("ferryman")

    def sweep(self, connections: Iterable[Connection], now: float) -> None:
        """Close the connections that have made no progress for too long.

        Args:
            connections: All that the worker has.
            now: The loop's time.
        """
        before, self._writing = self._writing, {}
        for connection in connections:
            link = connection.link
            if link is None or not (left := link.get_write_buffer_size()):
                continue
            arrived = _arrived(link.get_extra_info("socket"), left)
            known = before.get(connection)
            if known is None or known.arrived != arrived:
                self._writing[connection] = _Progress(now, arrived)
            elif now - known.since < self._timeout:
                self._writing[connection] = known
            else:
                self._give_up(connection, left)

    def _give_up(self, connection: Connection, left: int) -> None:
        assert connection.link is not None
        peer = connection.peername
        client = peer[0] if isinstance(peer, tuple) else "a client on the UNIX socket"
        self._log.warning(
            "%s has read nothing for %g s (write_timeout), and %d bytes were left: "
            "its connection is closed",
            client,
            self._timeout,
            left,
        )
        self._count(WRITE_TIMEOUTS)
        # Else the kernel would go on for minutes with what it has taken.
        connection.link.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET
        )
        connection.link.abort()


def _arrived(link: socket.socket, left: int) -> int:
    """Return a number that changes as bytes arrive at the other end.

    The kernel takes what is written in large pieces, and seldom; how much the client has
    acknowledged says more. Of a UNIX socket it is how much is left.
    """
    if link.family in (socket.AF_INET, socket.AF_INET6):
        info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
        acknowledged: int = struct.unpack_from("=Q", info, _ACKNOWLEDGED)[0]
        return acknowledged
    queued = struct.unpack("i", fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
    return left + int(queued)
