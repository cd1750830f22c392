"""What one worker knows of itself, and tells: its health, its figures, its log.

It is made after the fork. What it adds up with the other workers goes through the tally;
when it is ready and when it ends it is told.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from ferryman.core.access import LOGGER
from ferryman.core.health import Readiness, State, readiness
from ferryman.targets.server.runtime.access_log import access_logger
from ferryman.targets.server.runtime.admin import admin_app, answer_health
from ferryman.targets.server.runtime.gate import Handler, Tell
from ferryman.targets.server.runtime.metrics import Counts, Gauges, active_counts, exposition
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.proxies import (
    find_client,
    is_trusted,
    networks,
    tell_client,
)
from ferryman.targets.server.runtime.recycling import resident_memory
from ferryman.targets.server.runtime.request_facts import RequestFacts
from ferryman.targets.server.runtime.tally import PERIOD, Tally

if TYPE_CHECKING:
    from ferryman.targets.server.runtime.tracing import Tracing

__all__ = ("Monitor",)

_MEBIBYTE = 2**20

# What a proxy may call a request: nothing that could be read as more than a name.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class Monitor:
    """Watches one worker.

    Args:
        settings: The server's.
        version: The project's version.
        admin: The listener of the admin port, which all workers share; or None.
        directory: Where the workers of this server leave their figures.
        tracing: Makes spans of the requests, where that is switched on.
    """

    def __init__(
        self,
        settings: ServerSettings,
        version: str,
        admin: socket.socket | None,
        directory: Path,
        tracing: Tracing | None = None,
    ) -> None:
        self._settings = settings
        self._version = version
        self._socket = admin
        self._tracing = tracing
        self._trusted = networks(settings.trusted_proxies)
        self._state = State.STARTING
        self._counts = Counts()
        self._tally = Tally(directory)
        self._lag = 0.0
        self._app: web.Application | None = None
        self._site: web.AppRunner | None = None
        self._pulse: asyncio.Task[None] | None = None
        self.count_active: Callable[[], Counter[tuple[str, str]]] = Counter
        """Tells the requests in flight by method and scheme; whoever counts them sets it."""
        # Where nobody reads lines or figures, aiohttp is not even asked to tell of requests.
        wanted = settings.access_log or admin is not None or tracing is not None
        self.access_log = logging.getLogger(LOGGER) if wanted else None
        ended = tracing.end if tracing is not None else None
        self.access_logger = access_logger(self._counts, ended, lines=settings.access_log)

    @property
    def tell(self) -> Tell | None:
        """What adds to the facts of a request before the app sees it, if anything does."""
        return self._add_facts if self._trusted or self._tracing is not None else None

    def watch(self, handler: Handler) -> Handler:
        """Return the way to the app, with what is to be told or answered on it."""
        if self._settings.health_on_app_port:
            handler = answer_health(self._settings, self._readiness, handler)
        # It leaves a trace of the errors that the app's way out raises.
        return self._tracing.watch(handler) if self._tracing is not None else handler

    async def start(self, app: web.Application) -> None:
        """Say that the worker is ready: it listens, and the app has started."""
        self._app = app
        self._state = State.READY
        self._pulse = asyncio.create_task(self._beat(), name="ferryman.monitor")
        if self._socket is not None:
            await self._open(self._socket)

    def drain(self) -> None:
        """Say that it is not ready any more: the server ends."""
        self._state = State.DRAINING

    async def retire(self) -> None:
        """Answer no more checks: this worker ends and the server goes on."""
        self.drain()
        await self._close()

    async def stop(self) -> None:
        """Close, and leave the last figures for the others."""
        if self._pulse is not None:
            self._pulse.cancel()
        await self._close()
        if self._tracing is not None:
            await self._tracing.stop()
        self._tally.write(self._counts, self._gauges())
        self._tally.close()

    def _add_facts(self, request: web.BaseRequest, facts: RequestFacts) -> None:
        if self._trusted and is_trusted(_peer(request), self._trusted):
            self._believe(request, facts)
        if self._tracing is not None:
            facts.span = self._tracing.begin(request)

    def _believe(self, request: web.BaseRequest, facts: RequestFacts) -> None:
        """Take from a proxy's headers whom the request comes from, and its id."""
        headers = request.headers
        joined = {name: ",".join(headers.getall(name)) for name in headers}
        tell_client(request, find_client(joined, self._trusted))
        sent = headers.get("X-Request-Id", "")
        if _REQUEST_ID.fullmatch(sent):
            facts.request_id = sent

    async def _readiness(self) -> Readiness:
        return await readiness(self._app, self._state)

    async def _open(self, listener: socket.socket) -> None:
        app = admin_app(self._settings, self._readiness, self._metrics)
        self._site = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._site.setup()
        # The worker's own end of the listener: closing it leaves the others' open.
        await web.SockSite(self._site, listener.dup()).start()

    async def _close(self) -> None:
        if self._site is not None:
            site, self._site = self._site, None
            await site.cleanup()

    def _metrics(self) -> str:
        self._tally.write(self._counts, self._gauges())
        counts, gauges, restarts = self._tally.read()
        return exposition(counts, gauges, restarts, self._version)

    def _gauges(self) -> Gauges:
        active = active_counts(self.count_active())
        return Gauges(active, self._lag, int(resident_memory() * _MEBIBYTE))

    async def _beat(self) -> None:
        """Measure how late the loop is, and leave the figures for the others."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD
            self._tally.write(self._counts, self._gauges())
            await asyncio.sleep(due - loop.time())
            self._lag = max(0.0, loop.time() - due)


def _peer(request: web.BaseRequest) -> str | None:
    """Return who is at the other end of the connection; of a UNIX socket, this machine."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    if isinstance(peer, tuple):
        return str(peer[0])
    return "127.0.0.1" if peer == "" else None
