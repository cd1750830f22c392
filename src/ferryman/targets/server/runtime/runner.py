"""The app of one worker, from its start to its end.

The order of both is here; when the end comes is the worker's affair.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence

from aiohttp import web

from ferryman.core import capabilities
from ferryman.core.lifecycle import start_failure
from ferryman.core.loader import INTERRUPTIONS, load_app
from ferryman.core.serving import CLEANUP_TIMEOUT
from ferryman.targets.server.runtime.capability import CAPABILITIES
from ferryman.targets.server.runtime.connection import Connection, active
from ferryman.targets.server.runtime.draining import close_websockets, pause
from ferryman.targets.server.runtime.gate import Gate
from ferryman.targets.server.runtime.limits import Limits
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.tls import tls_context

__all__ = ("Runner",)

# A late connection is found within this many seconds.
_SWEEP = 0.5


class Runner:
    """Runs the app on listeners that the master has bound.

    Args:
        app: The app's reference, `module:attribute`.
        settings: The server's.
        monitor: Is told what happens.
    """

    def __init__(self, app: str, settings: ServerSettings, monitor: Monitor) -> None:
        self._reference = app
        self._settings = settings
        self._monitor = monitor
        self._limits = Limits(settings)
        self._listeners: list[asyncio.Server] = []
        self._hurry = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._gate: Gate | None = None
        self._server: web.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def requests(self) -> int:
        """How many requests have been answered or are being answered."""
        return self._server.requests_count if self._server else 0

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Start the app, and then listen.

        Raises:
            AppError: The app could not be loaded, or failed to start.
            ConfigError: The certificate cannot be used.
        """
        capabilities.declare(CAPABILITIES)
        context = tls_context(self._settings)
        app = await load_app(self._reference)
        runner = self._runner = web.AppRunner(
            app,
            handler_cancellation=self._settings.handler_cancellation,
            shutdown_timeout=self._settings.graceful_timeout,
        )
        try:
            await runner.setup()
        except INTERRUPTIONS:
            raise
        except BaseException as error:
            raise start_failure(error) from error
        server = self._server = runner.server
        assert server is not None
        handler = self._monitor.watch(server.request_handler)
        self._gate = Gate(server, self._settings, self._monitor.tell, handler)
        self._monitor.count_active = lambda: active(server)
        await self._listen(server, sockets, context)
        self._sweeper = asyncio.create_task(_sweep(server, self._limits))
        await self._monitor.start(app)

    def hurry(self) -> None:
        """Cut the delay before the end short."""
        self._hurry.set()

    def cut(self) -> None:
        """Break off whatever is in flight, so that only the cleanup is left of the end."""
        self._hurry.set()
        self._close_listeners()
        for connection in self._server.connections if self._server else ():
            assert isinstance(connection, Connection)
            connection.cut()

    async def stop(self, *, replaced: bool) -> None:
        """End: let the clients go, and clean the app up.

        Args:
            replaced: Whether the server goes on with another worker in this one's place.
                Then nobody needs to be told, and the others take what comes new.
        """
        if self._gate is not None:
            self._gate.drain()
        if replaced:
            self._close_listeners()
            await self._monitor.retire()
        else:
            self._monitor.drain()
        await pause(self._settings.drain_delay, self._hurry)
        self._close_listeners()
        if self._limits.upgraded:
            await self._dismiss_websockets()
        await self.abandon()

    async def abandon(self) -> None:
        """Clean up what has been started."""
        try:
            if self._runner is not None:
                await self._runner.cleanup()
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()
            await self._monitor.stop()

    async def _dismiss_websockets(self) -> None:
        # What this takes is part of what requests in flight get: they go on meanwhile.
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.graceful_timeout
        await close_websockets(min(CLEANUP_TIMEOUT, self._settings.graceful_timeout / 2))
        if self._runner is not None:
            self._runner._shutdown_timeout = until - loop.time()

    async def _listen(
        self,
        server: web.Server,
        sockets: Sequence[socket.socket],
        context: ssl.SSLContext | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        arguments = {
            "access_log": self._monitor.access_log,
            "access_log_class": self._monitor.access_logger,
            "keepalive_timeout": self._settings.keep_alive,
            **self._limits.parsing,
        }

        def connection() -> Connection:
            return Connection(server, self._limits, loop=loop, **arguments)

        for bound in sockets:
            # Without the backlog, asyncio would shorten the queue that gunicorn has set.
            listener = await loop.create_server(
                connection,
                sock=bound,
                ssl=context,
                ssl_handshake_timeout=self._settings.header_timeout if context else None,
                backlog=self._settings.backlog,
            )
            self._listeners.append(listener)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()


async def _sweep(server: web.Server, limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    while True:
        limits.now = loop.time() + _SWEEP
        await asyncio.sleep(_SWEEP)
        now = loop.time()
        for connection in server.connections:
            assert isinstance(connection, Connection)
            connection.expire(now)
