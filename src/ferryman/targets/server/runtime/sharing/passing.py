"""Passes open connections from one process to another, over a UNIX socket.

One message is one connection: its file descriptor, and a note of what the descriptor does not
tell. See unix(7) on SCM_RIGHTS, and on SOCK_SEQPACKET, which keeps messages whole.
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
    """What goes along with a connection.

    Attributes:
        patience: Seconds that it may go on idling.
        peer: The client's address and port where a proxy told them, or None.
    """

    patience: float
    peer: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """Both ends of a way that connections go, in one direction, between any processes.

    Attributes:
        inward: Where they are sent.
        outward: Where they are received; of several that read, each message reaches one.
    """

    inward: socket.socket
    outward: socket.socket

    @classmethod
    def open(cls) -> Channel:
        """Make one, for processes that are forked later."""
        inward, outward = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inward.setblocking(False)
        outward.setblocking(False)
        return cls(inward, outward)

    def close(self) -> None:
        """Close this process's ends of it."""
        self.inward.close()
        self.outward.close()


def send(channel: Channel, descriptor: int, note: Note) -> bool:
    """Pass a connection on; the sender's own descriptor is the sender's to close.

    Returns:
        Whether it went: False if the channel is full, or too many descriptors are on their way.
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

    None if there was none, or if this process has no descriptor left for it: then the kernel
    has closed the connection.
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
