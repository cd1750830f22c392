"""Reports the health, the metrics and the log of a worker.

A worker creates its monitor after the fork, and tells it when it is ready and when it ends. The
workers' totals are added up through files.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ferryman.core.access import LOGGER
from ferryman.core.health import Readiness, State, readiness
from ferryman.targets.server.runtime.accepting import Acceptor, DescriptorReserve
from ferryman.targets.server.runtime.access_log import access_logger
from ferryman.targets.server.runtime.admin import admin_app, answer_health
from ferryman.targets.server.runtime.admission import Handler, Tell
from ferryman.targets.server.runtime.listeners import Listener
from ferryman.targets.server.runtime.metrics import (
    Counts,
    Gauges,
    active_counts,
    exposition,
)
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.process_memory import resident_memory
from ferryman.targets.server.runtime.proxies import Proxies
from ferryman.targets.server.runtime.request_facts import RequestFacts
from ferryman.targets.server.runtime.worker_counts import PERIOD, WorkerCounts
from ferryman.targets.server.runtime.workforce import missing_workers

if TYPE_CHECKING:
    from ferryman.targets.server.runtime.tracing import Tracing

__all__ = ("Monitor",)

_MEBIBYTE = 2**20

# Seconds that health checks in flight have to finish when the worker ends.
_LAST_CHECK = 0.2


class Monitor:
    """Monitors a worker.

    Args:
        settings: The server's settings.
        version: The project's version.
        admin: The listener of the admin port, which all workers share; or None.
        directory: The directory in which the workers write their metrics.
        tracing: Creates spans of requests; None if telemetry is off.
    """

    def __init__(
        self,
        settings: ServerSettings,
        version: str,
        admin: Listener | None,
        directory: Path,
        tracing: Tracing | None = None,
    ) -> None:
        self._settings = settings
        self._version = version
        self._listener = admin
        self._tracing = tracing
        self.proxies = Proxies(settings.trust) if settings.trust else None
        self._state = State.STARTING
        self._counts = Counts()
        self._directory = directory
        self._worker_counts = WorkerCounts(directory)
        self._lag = 0.0
        self._app: web.Application | None = None
        self._site: web.AppRunner | None = None
        self._acceptor: Acceptor | None = None
        self._pulse: asyncio.Task[None] | None = None
        self.count_active: Callable[[], Counter[tuple[str, str]]] = Counter
        """Returns the requests in flight by method and scheme; the runner sets it."""
        # Without an access log and metrics, aiohttp does not report requests.
        wanted = settings.access_log or admin is not None or tracing is not None
        self.access_log = logging.getLogger(LOGGER) if wanted else None
        ended = tracing.end if tracing is not None else None
        self.access_logger = access_logger(self._counts, ended, lines=settings.access_log)

    @property
    def tell(self) -> Tell | None:
        """The function that adds facts to a request before the app sees it; or None."""
        return self._add_facts if self.proxies or self._tracing is not None else None

    def watch(self, handler: Handler) -> Handler:
        """Return a handler around the app that traces requests and answers health checks."""
        if self._settings.health_on_app_port:
            handler = answer_health(self._settings, self._readiness, handler)
        # It records the errors that the handler raises.
        return self._tracing.watch(handler) if self._tracing is not None else handler

    def count(self, event: str) -> None:
        """Count an event other than a response, by its name in the metrics."""
        self._counts.events[event] += 1

    async def start(self, app: web.Application, reserve: DescriptorReserve) -> None:
        """Report that the worker is ready: it listens, and the app has started.

        Args:
            app: The app.
            reserve: File descriptors for the admin port when no others are free.
        """
        self._app = app
        self._state = State.READY
        self._pulse = asyncio.create_task(self._beat(), name="ferryman.monitor")
        if self._listener is not None:
            await self._open(self._listener, reserve)

    def drain(self) -> None:
        """Report that the worker is no longer ready, because the server ends."""
        self._state = State.DRAINING

    async def retire(self) -> None:
        """Stop answering health checks: this worker ends, and the server continues."""
        self.drain()
        await self._close()

    async def stop(self) -> None:
        """Close, and write the last metrics for the other workers."""
        if self._pulse is not None:
            self._pulse.cancel()
        await self._close()
        if self._tracing is not None:
            await self._tracing.stop()
        self._worker_counts.write(self._counts, self._gauges())
        self._worker_counts.close()

    def _add_facts(self, request: web.BaseRequest, facts: RequestFacts) -> None:
        if self.proxies is not None:
            self.proxies.tell(request, facts)
        if self._tracing is not None:
            facts.span = self._tracing.begin(request)

    async def _readiness(self) -> Readiness:
        found = await readiness(self._app, self._state)
        return replace(found, missing_workers=missing_workers(self._directory))

    async def _open(self, listener: Listener, reserve: DescriptorReserve) -> None:
        app = admin_app(self._settings, self._readiness, partial(self._metrics, reserve))
        self._site = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_CHECK)
        await self._site.setup()
        server = self._site.server
        assert server is not None
        connect = partial(asyncio.get_running_loop().connect_accepted_socket, server)
        self._acceptor = Acceptor(listener.sock, connect, reserve, vital=True)

    async def _close(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            self._acceptor = None
        if self._site is not None:
            site, self._site = self._site, None
            await site.cleanup()

    def _metrics(self, reserve: DescriptorReserve) -> str:
        # The descriptors released for this connection may be reserved again.
        with reserve.lent():
            self._worker_counts.write(self._counts, self._gauges())
            counts, gauges, restarts = self._worker_counts.read()
            missing = missing_workers(self._directory)
        return exposition(counts, gauges, restarts, self._version, missing)

    def _gauges(self) -> Gauges:
        active = active_counts(self.count_active())
        return Gauges(active, self._lag, int(resident_memory() * _MEBIBYTE))

    async def _beat(self) -> None:
        """Measure how late the loop is, and write the metrics for the other workers."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD
            # Without disk space or descriptors, the others read the last metrics.
            with suppress(OSError):
                self._worker_counts.write(self._counts, self._gauges())
            await asyncio.sleep(due - loop.time())
            self._lag = max(0.0, loop.time() - due)
