"""Accepts connections, and pauses when the process is about to run out of file descriptors.

asyncio's own way is not taken: out of descriptors it logs a traceback for every place in the
backlog, at each try (python/cpython#151615), and accepts as many connections at once as there
are, so that the worker that wakes first has them all.
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

# Connections accepted before the loop goes on with what else there is.
_AT_A_TIME = 8

# Seconds of a pause, and between two lines of the log that tell of one.
_PAUSE = 0.25
_BETWEEN_LINES = 10.0

_OUT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

# Descriptors that are held so that the admin port can be answered, the files it reads included.
_HELD = 8

# Descriptors of a worker that has no connection: its log, its loop, its libraries.
_BASE = 32

_log = logging.getLogger("ferryman.server")


def room_for_connections() -> int:
    """Return how many connections a worker has file descriptors for."""
    return max(0, _ceiling() - _BASE)


def _ceiling() -> int:
    """Return the descriptor from which on the rest is left to the app."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit - max(16, limit // 10)


class DescriptorReserve:
    """Keeps file descriptors back from clients: a tenth for the app, a few for the admin port."""

    def __init__(self) -> None:
        self._ceiling = _ceiling()
        self._held: list[int] = []
        self._said = -_BETWEEN_LINES
        self.refill()

    def is_beyond(self, descriptor: int) -> bool:
        """Return whether a descriptor is among those that clients should not get."""
        return descriptor >= self._ceiling

    def refill(self) -> bool:
        """Take back what was released, and return whether clients may have more."""
        try:
            while len(self._held) < _HELD:
                self._held.append(os.open(os.devnull, os.O_RDONLY))
            probe = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            return False
        os.close(probe)
        return not self.is_beyond(probe)

    def release(self) -> bool:
        """Let the admin port have what is held, and return whether there was anything."""
        released = bool(self._held)
        while self._held:
            os.close(self._held.pop())
        return released

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let the block have what is held, and take it back afterwards."""
        self.release()
        try:
            yield
        finally:
            self.refill()

    def say(self, reason: str) -> None:
        """Log that no connections are accepted for now, once in a while."""
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
        listener: A socket that listens and does not block; it is closed at the end.
        connect: Makes a connection of a socket that was accepted.
        reserve: The file descriptors of the process.
        vital: Whether the reserve is for this one.
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
        """Accept nothing more."""
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
            except ConnectionError:  # it went before it was taken
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
        # A TLS handshake that fails is the client's affair.
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
