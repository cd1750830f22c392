"""WebSockets that work on every target: handlers for their events, and connections by id.

On Lambda, API Gateway holds the connections and calls the function for each event. A server holds
its own connections. The same handlers serve both.
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
"""The largest message in bytes, each way, that API Gateway passes on ("WebSocket API quotas")."""


class ConnectionGone(FerrymanError):
    """The WebSocket to send to or close is closed already, or another process holds it."""


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
    """A WebSocket, identified by an id for as long as it is open.

    Store the id, in a database for example, and make a connection from it to send: `await
    ferryman.Connection(id).send("sold")`. On a server only the process that holds a connection can
    send to it.

    Attributes:
        id: The connection's id.
        headers: Headers of the request that opened it, by lower-case name; empty except in
            `connect`.
        query: Query parameters of that request; empty except in `connect`.
    """

    id: str
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    query: Mapping[str, str] = field(default_factory=dict, compare=False)

    async def send(self, data: str | bytes) -> None:
        """Send a message.

        Args:
            data: Text, or bytes for a binary message; 128 KiB at most.

        Raises:
            ConnectionGone: The connection is closed, or another process holds it.
            ConfigError: The message is too long, or there are no credentials to send it with.
        """
        size = len(data.encode() if isinstance(data, str) else data)
        if size > MESSAGE_LIMIT:
            raise ConfigError(
                f"a message of {size} bytes is too long for a WebSocket",
                cause=f"API Gateway passes on {MESSAGE_LIMIT} bytes at most",
                hint="send it in pieces, or send a link to it",
            )
        await self._held().send(data)

    async def close(self) -> None:
        """Close the connection; its `disconnect` handler runs as if the client had closed it.

        Raises:
            ConnectionGone: The connection is closed already, or another process holds it.
            ConfigError: There are no credentials for API Gateway.
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
    """Handlers of WebSockets: `app[ferryman.triggers] = {"websocket": ferryman.WebSocket(...)}`.

    Each handler takes the application that registered it, and the connection.

    Attributes:
        message: Also gets each message: text, or bytes of a binary one.
        connect: Called before a connection is opened. It refuses the connection by raising an
            `HTTPException` of aiohttp.
        disconnect: Called once it is closed. API Gateway delivers this event on a best-effort
            basis.
    """

    message: OnMessage
    connect: OnChange | None = None
    disconnect: OnChange | None = None
