"""One worker's part in the sharing: it gives idle connections away, and takes those that ask."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from ferryman.targets.server.runtime.sharing.passing import Channel, Note, receive, send
from ferryman.targets.server.runtime.sharing.stalls import Stalls

__all__ = ("Share", "Shareable")

# Turns of the event loop from a connection taken until the handler of its request has run for
# the first time, if that has come whole: then the loop may have stalled, and others take the next.
_TURNS = 6

# Seconds in which what is on its way to a worker that ends has arrived.
_ARRIVAL = 0.05


class Shareable(Protocol):
    """A connection that can be passed on."""

    @property
    def idle_descriptor(self) -> int | None:
        """Its file descriptor while nothing of a request or an answer is under way, or None."""
        ...

    @property
    def note(self) -> Note:
        """What goes along with it."""
        ...

    def let_go(self) -> None:
        """Close this process's end of it alone."""
        ...


class Share:
    """Gives and takes connections for one worker.

    Args:
        idle: Where idle connections go.
        asked: Where those come from on which a request has come.
        adopt: Makes a connection of the server's of one that was taken.
        connections: Tells those that the worker has.
    """

    def __init__(
        self,
        idle: Channel,
        asked: Channel,
        adopt: Callable[[Note], asyncio.Protocol],
        connections: Callable[[], Iterable[Shareable]],
    ) -> None:
        self._idle = idle
        self._asked = asked
        self._adopt = adopt
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._stalls = Stalls()
        self._leaving = False
        self._taking: asyncio.Task[None] | None = None
        self._listen()

    def answered(self, connection: Shareable) -> None:
        """Note that a connection has had its answer, and pass it on if the loop stalls."""
        self._stalls.answered()
        if self._stalls.found or self._leaving:
            # aiohttp takes two more turns until it awaits the next request.
            self._loop.call_soon(self._loop.call_soon, self._give, connection)

    def sweep(self) -> None:
        """Pass on the idle connections if the loop stalls."""
        if self._stalls.found or self._leaving:
            for connection in list(self._connections()):
                self._give(connection)

    def leave(self) -> None:
        """Take no more, and pass on all that idles from now on."""
        self._leaving = True
        self._loop.remove_reader(self._asked.outward)
        self.sweep()

    async def stop(self) -> None:
        """Take what is on its way still, and then no more."""
        if not self._leaving:
            await asyncio.sleep(_ARRIVAL)
            self._loop.remove_reader(self._asked.outward)
        if self._taking is not None:
            await self._taking
        self._stalls.stop()

    def _listen(self) -> None:
        if not self._leaving:
            self._loop.add_reader(self._asked.outward, self._take)

    def _take(self) -> None:
        passed = receive(self._asked)
        if passed is not None:
            self._loop.remove_reader(self._asked.outward)
            self._taking = asyncio.create_task(self._serve(*passed), name="ferryman.sharing")

    async def _serve(self, connection: socket.socket, note: Note) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: self._adopt(note), connection)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        finally:
            self._listen()

    def _give(self, connection: Shareable) -> None:
        descriptor = connection.idle_descriptor
        if descriptor is not None and send(self._idle, descriptor, connection.note):
            connection.let_go()
