"""Accepts connections, and pauses before the process runs out of file descriptors.

It replaces asyncio's own accept loop. Without free descriptors, that loop logs a traceback for each
connection in the backlog, at each try (python/cpython#151615). It also accepts all waiting
connections in one step, so the worker that wakes first gets them all.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ("Acceptor", "DescriptorReserve", "room_for_connections")

Connect = Callable[[socket.socket], Awaitable[object]]

# Connections to accept before the loop runs other callbacks.
_AT_A_TIME = 8

# Seconds of a pause, and the least time between two log records about pauses.
_PAUSE = 0.25
_BETWEEN_LINES = 10.0

_OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

# Descriptors reserved for the admin port, including the files that it reads.
_HELD = 8

# Descriptors of a worker without connections: its log, its loop, its libraries.
_BASE = 32

_log = logging.getLogger("ferryman.server")


def room_for_connections() -> int:
    """Return how many connections the file descriptors of a worker allow."""
    return max(0, _ceiling() - _BASE)


def _ceiling() -> int:
    """Return the first descriptor that is left to the app."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit - max(16, limit // 10)


class DescriptorReserve:
    """Reserves file descriptors: a tenth for the app, and a few for the admin port."""

    def __init__(self) -> None:
        self._ceiling = _ceiling()
        self._held: list[int] = []
        self._said = -_BETWEEN_LINES
        self.refill()

    def is_beyond(self, descriptor: int) -> bool:
        """Return whether a descriptor is reserved, so that no client may have it."""
        return descriptor >= self._ceiling

    def refill(self) -> bool:
        """Reserve released descriptors again; return whether clients may have more."""
        try:
            while len(self._held) < _HELD:
                self._held.append(os.open(os.devnull, os.O_RDONLY))
            probe = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            return False
        os.close(probe)
        return not self.is_beyond(probe)

    def release(self) -> bool:
        """Release the descriptors for the admin port; return whether there were any."""
        released = bool(self._held)
        while self._held:
            os.close(self._held.pop())
        return released

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Release the descriptors for the block, and reserve them again after it."""
        self.release()
        try:
            yield
        finally:
            self.refill()

    def say(self, reason: str) -> None:
        """Log that the worker accepts no connections for now, at most once a pause."""
        now = asyncio.get_running_loop().time()
        if now - self._said >= _BETWEEN_LINES:
            self._said = now
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            _log.error(
                "no new connections for now: %s, and the worker may open %d. Raise the limit "
                "(ulimit -n, LimitNOFILE), set max_connections, or find what leaves files open",
                *(reason, limit),
            )


class Acceptor:
    """Accepts the connections of one listener.

    Args:
        listener: A listening, non-blocking socket; `close` closes it.
        connect: Creates a connection from an accepted socket.
        reserve: The file descriptors of the process.
        vital: Whether this listener may use the reserve.
    """

    def __init__(
        self,
        listener: socket.socket,
        connect: Connect,
        reserve: DescriptorReserve,
        *,
        vital: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._connect = connect
        self._reserve = reserve
        self._vital = vital
        self._connecting: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._loop.add_reader(listener.fileno(), self._accept)

    def close(self) -> None:
        """Stop accepting, and close the listener."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()

    def _accept(self) -> None:
        for _ in range(_AT_A_TIME):
            try:
                accepted = self._take()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:  # the client closed it before it was accepted
                continue
            except OSError as error:
                if error.errno not in _OUT_OF:
                    raise
                self._stop_for_now(error.strerror or "out of descriptors")
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._made(accepted))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
            if not self._vital and self._reserve.is_beyond(accepted.fileno()):
                self._stop_for_now("few file descriptors are left")
                return

    def _take(self) -> socket.socket:
        try:
            return self._listener.accept()[0]
        except OSError as error:
            if self._vital and error.errno in _OUT_OF and self._reserve.release():
                return self._listener.accept()[0]
            raise

    async def _made(self, accepted: socket.socket) -> None:
        # A failed TLS handshake is the client's fault.
        with suppress(OSError, TimeoutError):
            await self._connect(accepted)

    def _stop_for_now(self, reason: str) -> None:
        self._reserve.say(reason)
        self._loop.remove_reader(self._listener.fileno())
        self._pause = self._loop.call_later(_PAUSE, self._go_on)

    def _go_on(self) -> None:
        if self._vital or self._reserve.refill():
            self._pause = None
            self._loop.add_reader(self._listener.fileno(), self._accept)
        else:
            self._pause = self._loop.call_later(_PAUSE, self._go_on)
