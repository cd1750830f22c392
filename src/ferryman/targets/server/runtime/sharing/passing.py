"""Passes open connections from one process to another, over a UNIX socket.

Each message is a connection: its file descriptor, and a note with facts that the descriptor lacks.
See unix(7) on SCM_RIGHTS, and on SOCK_SEQPACKET, which keeps messages whole.
"""

from __future__ import annotations

import array
import json
import socket
from dataclasses import dataclass

__all__ = ("Channel", "Note", "receive", "send")

_ROOM = 1024
_INT = array.array("i").itemsize


@dataclass(frozen=True, slots=True)
class Note:
    """The facts that are sent with a connection.

    Attributes:
        patience: Seconds that it may stay idle.
        peer: The client's address and port from a proxy, or None.
    """

    patience: float
    peer: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """Both ends of a one-way channel for connections between processes.

    Attributes:
        inward: The end to send to.
        outward: The end to receive from; each message reaches one of its readers.
    """

    inward: socket.socket
    outward: socket.socket

    @classmethod
    def open(cls) -> Channel:
        """Create a channel for processes that are forked later."""
        inward, outward = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inward.setblocking(False)
        outward.setblocking(False)
        return cls(inward, outward)

    def close(self) -> None:
        """Close both ends in this process."""
        self.inward.close()
        self.outward.close()


def send(channel: Channel, descriptor: int, note: Note) -> bool:
    """Send a connection. The sender must close its own descriptor.

    Returns:
        Whether it was sent: False if the channel is full, or too many descriptors are in transit.
    """
    text = json.dumps([note.patience, note.peer]).encode()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    try:
        channel.inward.sendmsg([text], rights)
    except OSError:
        return False
    return True


def receive(channel: Channel) -> tuple[socket.socket, Note] | None:
    """Return the next connection and its note.

    None if there is no message, or if this process has no free descriptor; then the kernel has
    closed the connection.
    """
    try:
        text, ancillary, _, _ = channel.outward.recvmsg(_ROOM, socket.CMSG_SPACE(_INT))
    except OSError:
        return None
    if not ancillary:
        return None
    (descriptor,) = array.array("i", ancillary[0][2][:_INT])
    connection = socket.socket(fileno=descriptor)
    connection.setblocking(False)
    patience, peer = json.loads(text)
    return connection, Note(patience, tuple(peer) if peer else None)
