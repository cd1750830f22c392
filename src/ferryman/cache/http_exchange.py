"""Sends requests over HTTP, and distinguishes unsent requests from those that may be done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
from yarl import URL

from ferryman.cache.clock import Clock
from ferryman.cache.exceptions import Cut, NotDone
from ferryman.cache.idle import DOUBTFUL, QUIET, let_the_loop_see
from ferryman.core.aws.json_service import Answer

__all__ = ("HttpExchange",)

_NOT_SENT: tuple[type[Exception], ...] = (aiohttp.ClientConnectorError, aiohttp.InvalidURL)
if hasattr(aiohttp, "ConnectionTimeoutError"):  # from aiohttp 3.10 on
    _NOT_SENT += (aiohttp.ConnectionTimeoutError,)

_AT_ONCE = 100
"""The most requests of a process in flight; aiohttp's default number of connections."""


class HttpExchange:
    """Posts requests with the app's session, or with its own.

    Its own session drops all connections after some idle seconds, because they may have closed
    unnoticed.

    Args:
        session: The app's, or None.
        timeout: Seconds that an exchange may take.
        clock: Measures how long connections were idle.
    """

    def __init__(self, session: aiohttp.ClientSession | None, timeout: float, clock: Clock) -> None:
        # The time limit leaves out the wait for a turn. A failed connection has changed nothing.
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=0.75 * timeout)
        self._clock = clock
        self._owned = session is None
        self.session = session or self._open()
        self._running = 0
        self._last = clock.now()

    async def close(self) -> None:
        """Close the session if it is the exchange's own."""
        if self._owned:
            await self.session.close()

    async def post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request once and return the whole response.

        Raises:
            NotDone: The request was not sent.
            Cut: The request may have been sent, and no response arrived.
        """
        async with self._free:
            return await self._post(url, headers, body)

    async def _post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        await self._look_at_idle_connections()
        self._running += 1
        try:
            async with self.session.post(
                url, headers=headers, data=body, timeout=self._timeout, allow_redirects=False
            ) as answer:
                return Answer(answer.status, answer.headers, await answer.read())
        except _NOT_SENT as error:
            raise NotDone(str(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Cut(str(error) or type(error).__name__) from error
        finally:
            self._running -= 1
            self._last = self._clock.now()

    async def _look_at_idle_connections(self) -> None:
        if self._running:
            return
        idle = self._clock.now() - self._last
        if idle >= DOUBTFUL and self._owned:
            before, self.session = self.session, self._open()
            await before.close()
        elif idle >= QUIET:
            await let_the_loop_see()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(keepalive_timeout=DOUBTFUL),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
