"""A worker's side of the sharing: it gives idle connections away, and receives active ones."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from ferryman.targets.server.runtime.sharing.passing import Channel, Note, receive, send
from ferryman.targets.server.runtime.sharing.stalls import Stalls

__all__ = ("Share", "Shareable")

# Turns of the event loop from receiving a connection to the first step of its handler, if the
# request is complete. The handler may stall the loop; then other workers receive the next one.
_TURNS = 6

# Seconds within which connections in transit reach a worker that ends.
_ARRIVAL = 0.05


class Shareable(Protocol):
    """A connection that can be passed to another process."""

    @property
    def idle_descriptor(self) -> int | None:
        """Its file descriptor if no request and no response is in progress, or None."""
        ...

    @property
    def note(self) -> Note:
        """The facts to send with it."""
        ...

    def let_go(self) -> None:
        """Close it in this process only."""
        ...


class Share:
    """Gives and receives connections for a worker.

    Args:
        idle: The channel for idle connections.
        asked: The channel for connections with a new request.
        adopt: Creates a connection of the server from a received socket.
        connections: Returns the worker's connections.
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
        """Record a response on a connection, and pass the connection on if the loop stalls."""
        self._stalls.answered()
        if self._stalls.found or self._leaving:
            # aiohttp needs two more turns until it awaits the next request.
            self._loop.call_soon(self._loop.call_soon, self._give, connection)

    def sweep(self) -> None:
        """Pass on the idle connections if the loop stalls."""
        if self._stalls.found or self._leaving:
            for connection in list(self._connections()):
                self._give(connection)

    def leave(self) -> None:
        """Stop receiving, and pass on all connections that are idle from now on."""
        self._leaving = True
        self._loop.remove_reader(self._asked.outward)
        self.sweep()

    async def stop(self) -> None:
        """Receive the connections in transit, and then stop."""
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
