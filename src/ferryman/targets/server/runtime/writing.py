"""Closes connections whose clients do not read, so that they do not hold resources forever.

The test is whether bytes arrive at the client, not how many are left to send. A client that reads
slowly but steadily is served, however long it takes.
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

# The position of the acknowledged bytes in Linux's struct tcp_info, and its end.
_ACKNOWLEDGED = 120
_TCP_INFO = 128

# A linger time of zero: closing resets the connection.
_RESET = struct.pack("ii", 1, 0)


class _Progress(NamedTuple):
    since: float
    arrived: int


class SlowReaders:
    """Watches the connections of a worker that have bytes left to send.

    Args:
        timeout: Seconds that a write may be without progress.
        count: Called for each closed connection, with a name of the metrics.
    """

    def __init__(self, timeout: float, count: Callable[[str], None]) -> None:
        self._timeout = timeout
        self._count = count
        self._writing: dict[Connection, _Progress] = {}
        self._log = logging.getLogger("ferryman")

    def sweep(self, connections: Iterable[Connection], now: float) -> None:
        """Close the connections without progress for too long.

        Args:
            connections: The worker's connections.
            now: The loop's time in seconds.
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
        # Otherwise the kernel would retry for minutes.
        connection.link.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET
        )
        connection.link.abort()


def _arrived(link: socket.socket, left: int) -> int:
    """Return a number that changes when bytes arrive at the client.

    The kernel accepts written bytes in large, rare steps, so this uses the bytes that the client
    has acknowledged; for a UNIX socket, the bytes that are left.
    """
    if link.family in (socket.AF_INET, socket.AF_INET6):
        info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
        acknowledged: int = struct.unpack_from("=Q", info, _ACKNOWLEDGED)[0]
        return acknowledged
    queued = struct.unpack("i", fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
    return left + int(queued)
