"""Creates connections from sockets that a worker accepts, or receives from another worker."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any

from aiohttp import web

from ferryman.targets.server.runtime.accepting import Connect
from ferryman.targets.server.runtime.connection import Connection, connections_of
from ferryman.targets.server.runtime.limits import Limits
from ferryman.targets.server.runtime.proxy_protocol import connecting_through_proxies
from ferryman.targets.server.runtime.shared_connection import SharedConnection
from ferryman.targets.server.runtime.sharing.passing import Channel, Note
from ferryman.targets.server.runtime.sharing.share import Share

__all__ = ("Connector",)


class Connector:
    """Creates the connections of a worker.

    Args:
        server: aiohttp's server, which knows the app.
        limits: The limits of this worker.
        logging: The arguments of aiohttp's connection for its access log.
        context: The TLS context, or None.
        channels: The channels to pass idle connections to, and to receive connections with a new
            request from; None if workers share none.
    """

    def __init__(
        self,
        server: web.Server,
        limits: Limits,
        logging: Mapping[str, Any],
        context: ssl.SSLContext | None,
        channels: tuple[Channel, Channel] | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._limits = limits
        self._context = context
        self._arguments = {
            "keepalive_timeout": limits.settings.keep_alive,
            **limits.parsing,
            **logging,
        }
        self.share: Share | None = None
        """This worker's side of the sharing; None without it."""
        if channels is not None:
            self.share = Share(*channels, self._adopt, self._shareable)

    @property
    def connect(self) -> Connect:
        """The function that creates a connection from an accepted socket."""
        settings = self._limits.settings
        if not settings.proxy_protocol:
            return self._connect
        return connecting_through_proxies(self._connect, settings.trust, settings.header_timeout)

    async def _connect(self, accepted: socket.socket, peer: tuple[str, int] | None = None) -> None:
        await self._loop.connect_accepted_socket(
            partial(self._make, peer),
            accepted,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.settings.header_timeout if self._context else None,
        )

    def _make(self, peer: tuple[str, int] | None, *, admitted: bool = False) -> Connection:
        made: Connection
        if self.share is None:
            made = Connection(self._server, self._limits, loop=self._loop, **self._arguments)
        else:
            made = SharedConnection(
                *(self._server, self._limits, self.share),
                admitted=admitted,
                loop=self._loop,
                **self._arguments,
            )
        if peer is not None:
            made.tell_peer(peer)
        return made

    def _adopt(self, note: Note) -> Connection:
        return self._make(note.peer, admitted=True)

    def _shareable(self) -> list[SharedConnection]:
        return [c for c in connections_of(self._server) if isinstance(c, SharedConnection)]
