"""Makes connections of the sockets that a worker accepts, or takes over from another worker."""

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
    """Makes connections for one worker.

    Args:
        server: aiohttp's, which knows the app.
        limits: What this worker bears.
        logging: What aiohttp's own connection takes, to log requests.
        context: Of TLS, or None.
        channels: Where idle connections go, and where those come from on which a request has
            come; None where workers share none.
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
        """This worker's part in the sharing, where there is any."""
        if channels is not None:
            self.share = Share(*channels, self._adopt, self._shareable)

    @property
    def connect(self) -> Connect:
        """What makes a connection of a socket that was accepted."""
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
