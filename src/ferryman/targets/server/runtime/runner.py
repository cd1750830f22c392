"""Starts and stops the app of a worker.

This module defines the order of the steps; the worker decides when the app stops.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence

from aiohttp import web

from ferryman.core import capabilities
from ferryman.core.aiohttp_version import VERSION
from ferryman.core.draining import draining
from ferryman.core.errors import ConfigError
from ferryman.core.lifecycle import run_within, start_failure
from ferryman.core.loader import INTERRUPTIONS, AppSource, call_source, load_app
from ferryman.core.serving import CANCEL_TIMEOUT, CLEANUP_TIMEOUT
from ferryman.core.static_files import compare_dates_exactly
from ferryman.targets.server.runtime.accepting import Acceptor, DescriptorReserve
from ferryman.targets.server.runtime.admission import Admission
from ferryman.targets.server.runtime.capability import CAPABILITIES
from ferryman.targets.server.runtime.connecting import Connector
from ferryman.targets.server.runtime.connection import active, connections_of
from ferryman.targets.server.runtime.limits import Limits
from ferryman.targets.server.runtime.monitor import Monitor
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.overflow.forwarder import overflow_of
from ferryman.targets.server.runtime.overflow.forwarding import Overflow
from ferryman.targets.server.runtime.sharing.passing import Channel
from ferryman.targets.server.runtime.sharing.share import Share
from ferryman.targets.server.runtime.shutdown import (
    cancel_requests,
    close_websockets,
    finish_requests,
    pause,
)
from ferryman.targets.server.runtime.tls import tls_context
from ferryman.targets.server.runtime.writing import SlowReaders

__all__ = ("Runner", "check_aiohttp")

# Seconds within which a late connection is found.
_SWEEP = 0.5

# Seconds that clients have to answer when their WebSockets are closed.
_WEBSOCKET_TIMEOUT = 5.0

# Seconds that cancelled handlers have to end on an immediate stop.
_QUICK = 0.5


def check_aiohttp(version: tuple[int, ...], settings: ServerSettings) -> None:
    """Check that a version of aiohttp supports the settings.

    Raises:
        ConfigError: The version is too old.
    """
    if settings.proxy_protocol and version < (3, 11):
        raise ConfigError(
            f"proxy_protocol needs aiohttp 3.11; there is {'.'.join(map(str, version))}",
            cause="an older one asks the connection itself whose it is",
            hint="install a newer one beside the app, or have the proxy send X-Forwarded-For",
        )


class Runner:
    """Runs the app on the listeners of the master.

    Args:
        app: The app's reference, `module:attribute`.
        settings: The server's settings.
        monitor: The worker's monitor.
        channels: The channels to pass idle connections to, and to receive connections with a new
            request from; None if workers share none.
    """

    def __init__(
        self,
        app: str,
        settings: ServerSettings,
        monitor: Monitor,
        channels: tuple[Channel, Channel] | None = None,
    ) -> None:
        self._source: AppSource | str = app
        self._settings = settings
        self._monitor = monitor
        self._limits = Limits(settings)
        self._acceptors: list[Acceptor] = []
        self._hurry = asyncio.Event()
        self._cut = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._admission: Admission | None = None
        self._server: web.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._channels = channels
        self._share: Share | None = None
        self._overflow: Overflow | None = None

    @property
    def requests(self) -> int:
        """The number of requests so far, including those in flight."""
        return self._server.requests_count if self._server else 0

    @property
    def graceful_timeout(self) -> float:
        """Seconds that requests have to finish at the end, from the settings."""
        return self._settings.graceful_timeout

    def load(self) -> None:
        """Load the app before the loop runs, because its module or factory may run a loop itself.

        Raises:
            AppError: The app could not be loaded.
            ConfigError: aiohttp is too old for the settings.
        """
        check_aiohttp(VERSION, self._settings)
        capabilities.declare(CAPABILITIES)
        self._source = call_source(self._source)

    async def start(self, sockets: Sequence[socket.socket]) -> None:
        """Start the loaded app, and then listen.

        Raises:
            AppError: The factory failed, or the app failed to start.
            ConfigError: The certificate cannot be used.
        """
        compare_dates_exactly()
        context = tls_context(self._settings)
        app = await load_app(self._source)
        if self._settings.record:
            from ferryman.core.recording import record_requests

            record_requests(app, self._settings.record, bodies=self._settings.record_bodies)
        runner = self._runner = web.AppRunner(
            app,
            handler_cancellation=self._settings.handler_cancellation,
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
        self._overflow = overflow_of(self._settings, self._monitor.count)
        self._admission = Admission(server, self._settings, self._monitor, self._overflow, handler)
        self._monitor.count_active = lambda: active(server)
        reserve = DescriptorReserve()
        self._listen(server, sockets, context, reserve)
        self._sweeper = asyncio.create_task(self._sweep(server))
        await self._monitor.start(app, reserve)

    def hurry(self) -> None:
        """End the drain delay early."""
        self._hurry.set()

    def cut(self) -> None:
        """Cut off the requests in flight, so that only the cleanup remains."""
        self._hurry.set()
        self._cut.set()

    async def stop(self, *, replaced: bool, graceful_timeout: float | None = None) -> None:
        """Stop: finish with the clients, and clean up the app.

        Args:
            replaced: Whether another worker replaces this one. Then there is no drain delay: the
                other workers accept new connections.
            graceful_timeout: Seconds that requests have to finish; None for the settings.
        """
        if replaced:
            self._close_listeners()
            await self._monitor.retire()
        else:
            self._monitor.drain()
        share = self._share
        if replaced and share is not None:
            share.leave()
        else:
            self._close_connections_after_answers()
        await pause(self._settings.drain_delay, self._hurry)
        self._close_listeners()
        if share is not None:
            await share.stop()
            self._close_connections_after_answers()
        if graceful_timeout is None:
            graceful_timeout = self._settings.graceful_timeout
        await self._end_requests(graceful_timeout)
        await self.abandon()

    async def abandon(self) -> None:
        """Clean up the parts that have started."""
        try:
            if self._runner is not None:
                await run_within("the app's cleanup", self._runner.app.cleanup(), CLEANUP_TIMEOUT)
        finally:
            if self._sweeper is not None:
                self._sweeper.cancel()
            if self._overflow is not None:
                await self._overflow.close()
            await self._monitor.stop()

    def _close_connections_after_answers(self) -> None:
        if self._admission is not None:
            self._admission.drain()
        if self._server is not None:
            for connection in connections_of(self._server):
                connection.close_after_answer()

    async def _end_requests(self, seconds: float) -> None:
        """Let requests finish, and cancel the rest after some seconds.

        The app's `on_shutdown` and the closing of WebSockets run in the same time, beside the
        requests.
        """
        assert self._runner is not None
        assert self._server is not None
        told = [
            run_within("on_shutdown", self._runner.app.shutdown(), seconds, self._cut),
            finish_requests(self._server, seconds, self._cut),
        ]
        if self._limits.upgraded:
            told.append(close_websockets(min(_WEBSOCKET_TIMEOUT, seconds)))
        await asyncio.gather(*told)
        await cancel_requests(self._server, _QUICK if self._cut.is_set() else CANCEL_TIMEOUT)

    def _listen(
        self,
        server: web.Server,
        sockets: Sequence[socket.socket],
        context: ssl.SSLContext | None,
        reserve: DescriptorReserve,
    ) -> None:
        logging = {
            "access_log": self._monitor.access_log,
            "access_log_class": self._monitor.access_logger,
        }
        connector = Connector(server, self._limits, logging, context, self._channels)
        self._share = connector.share
        for bound in sockets:
            self._acceptors.append(Acceptor(bound, connector.connect, reserve))

    async def _sweep(self, server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        slow = SlowReaders(self._settings.write_timeout, self._monitor.count)
        while True:
            self._limits.now = loop.time() + _SWEEP
            await asyncio.sleep(_SWEEP)
            now = loop.time()
            connections = connections_of(server)
            for connection in connections:
                connection.expire(now)
            slow.sweep(connections, now)
            if self._share is not None:
                self._share.sweep()

    def _close_listeners(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()
        draining().set()
