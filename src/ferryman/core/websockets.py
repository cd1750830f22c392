"""WebSockets that work on every target: handlers for what happens, and connections by their ids.

Lambda holds no connection: a WebSocket API of API Gateway does, and calls the function for each
thing that happens. A server holds its own. The same handlers serve both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from aiohttp import web

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = (
    "LOCAL",
    "Connection",
    "ConnectionGone",
    "LocalConnection",
    "WebSocket",
)

MESSAGE_LIMIT = 128 * 1024
"""Bytes of a message, each way, that API Gateway passes on ("WebSocket API quotas")."""


class ConnectionGone(FerrymanError):
    """A WebSocket that something was to be sent to is closed, or is another process's."""


class LocalConnection(Protocol):
    """A connection that this process holds."""

    async def send(self, data: str | bytes) -> None:
        """Send a message."""

    async def close(self) -> None:
        """Close it."""


LOCAL: dict[str, LocalConnection] = {}
"""The connections that this process holds, by their ids."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A WebSocket, by the id that it has for as long as it is open.

    Keep the id, in a database say, and make a connection of it wherever there is something to
    send: `await ferryman.Connection(id).send("sold")`. On a server only the process that holds
    a connection can send to it.

    Attributes:
        id: What names it.
        headers: Those of the request that opened it, by lower-case name; empty but in `connect`.
        query: The parameters of that request; empty but in `connect`.
    """

    id: str
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    query: Mapping[str, str] = field(default_factory=dict, compare=False)

    async def send(self, data: str | bytes) -> None:
        """Send a message.

        Args:
            data: Text, or bytes for a binary message; 128 KiB at most.

        Raises:
            ConnectionGone: It is closed, or another process holds it.
            ConfigError: The message is too long, or there are no credentials to send it with.
        """
        size = len(data.encode() if isinstance(data, str) else data)
        if size > MESSAGE_LIMIT:
            raise ConfigError(
                f"a message of {size} bytes is too long for a WebSocket",
                cause=f"API Gateway passes on {MESSAGE_LIMIT} bytes at most",
                hint="send it in pieces, or send where it can be fetched",
            )
        await self._held().send(data)

    async def close(self) -> None:
        """Close it; its `disconnect` handler is called as if the client had.

        Raises:
            ConnectionGone: It is closed already, or another process holds it.
            ConfigError: There are no credentials to do it with.
        """
        await self._held().close()

    def _held(self) -> LocalConnection:
        if self.id.startswith(("https://", "http://")):
            from ferryman.core.gateway_connections import GatewayConnection

            return GatewayConnection(self.id)
        if self.id not in LOCAL:
            raise ConnectionGone(
                f"this process holds no WebSocket {self.id}",
                cause="it is closed, or another worker holds it",
                hint="let the workers tell each other by a channel of their own, such as "
                "Redis publish and subscribe",
            )
        return LOCAL[self.id]


OnMessage: TypeAlias = Callable[[web.Application, Connection, str | bytes], Awaitable[object]]
OnChange: TypeAlias = Callable[[web.Application, Connection], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class WebSocket:
    """What handles WebSockets: `app[ferryman.triggers] = {"websocket": ferryman.WebSocket(...)}`.

    Each handler takes the application that registered it, and the connection.

    Attributes:
        message: Takes each message as well: text, or bytes of a binary one.
        connect: Is called before a connection is opened. An `HTTPException` of aiohttp's that
            it raises refuses it.
        disconnect: Is called once it is closed. Lambda calls it as well as it can: it may be lost.
    """

    message: OnMessage
    connect: OnChange | None = None
    disconnect: OnChange | None = None
