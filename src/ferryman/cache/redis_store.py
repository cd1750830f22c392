"""The store in Redis or Valkey, over redis-py's connections.

redis-py's client retries calls that it must not (an increment whose reply was lost), and its pool
trusts idle connections. So this module pools connections itself, and `resending` decides what to
retry.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from functools import partial
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as ConnectionFailed
from redis.exceptions import TimeoutError as TimedOut

from ferryman.cache.clock import Clock
from ferryman.cache.exceptions import Cut, NotDone
from ferryman.cache.idle import DOUBTFUL, QUIET, let_the_loop_see
from ferryman.cache.redis_commands import Part, RedisCommands, refusal
from ferryman.cache.resending import send
from ferryman.cache.urls import StoreUrl

__all__ = ("RedisStore",)


class RedisStore(RedisCommands):
    """Sends commands over a few connections, opened on demand.

    Args:
        url: The store's URL.
        connections: The most connections.
        timeout: Seconds to wait for a reply.
        clock: Measures how long a connection was idle.
    """

    def __init__(self, url: StoreUrl, connections: int, timeout: float, clock: Clock) -> None:
        self._where = url.shown
        self._timeout = timeout
        self._now = clock.now
        self._idle: deque[tuple[Connection, float]] = deque()
        self._free = asyncio.Semaphore(connections)
        self._lent: set[Connection] = set()
        self._settings = _settings(url.text, timeout)
        self._kind = SSLConnection if url.scheme == "rediss" else Connection
        self._client: Any = None

    @property
    def client(self) -> Any:
        """A redis-py client for the same store, with its own connections."""
        if self._client is None:
            from redis.asyncio import ConnectionPool, Redis

            pool = ConnectionPool(connection_class=self._kind, **self._settings)
            self._client = Redis.from_pool(pool)
        return self._client

    async def close(self) -> None:
        """Close the connections; commands in flight fail as `Cut`."""
        if self._client is not None:
            await self._client.aclose()
        for connection in (*self._lent, *(each for each, _ in self._idle)):
            await connection.disconnect(nowait=True)
        self._idle.clear()

    async def _command(self, *parts: Part, again: bool = True) -> Any:
        what = f"{parts[0]!s} at {self._where}"
        return await send(what, partial(self._exchange, parts), again=again)

    async def _exchange(self, parts: tuple[Part, ...]) -> Any:
        async with self._free:
            connection = await self._borrow()
            self._lent.add(connection)
            whole = False
            try:
                async with asyncio.timeout(self._timeout):
                    await connection.send_packed_command(connection.pack_command(*parts), False)
                    answer = await connection.read_response(disconnect_on_error=False)
                whole = True
                return answer
            except (ResponseError, BusyLoadingError, AuthenticationError) as error:
                # Redis has replied. Leave a replica: the next connection may reach the primary.
                whole = True
                said = _said(error)
                if said.startswith("READONLY"):
                    whole = False
                raise refusal(str(parts[0]), said, self._where) from error
            except (ConnectionFailed, TimedOut, TimeoutError, OSError, RedisError) as error:
                raise Cut(str(error) or f"no answer in {self._timeout:g} s") from error
            finally:
                self._lent.discard(connection)
                if whole:
                    self._idle.append((connection, self._now()))
                else:
                    await connection.disconnect(nowait=True)

    async def _borrow(self) -> Connection:
        """Return an open connection: the most recently used one that is alive, or a new one."""
        while self._idle:
            connection, since = self._idle.pop()
            idle = self._now() - since
            if idle < QUIET or await self._lives(connection, idle):
                return connection
            await connection.disconnect(nowait=True)
        connection = self._kind(**self._settings)
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()  # type: ignore[no-untyped-call]
        except (ResponseError, BusyLoadingError, AuthenticationError) as error:
            await connection.disconnect(nowait=True)
            raise refusal("connect", _said(error), self._where) from error
        except (RedisError, TimeoutError, OSError) as error:
            await connection.disconnect(nowait=True)
            raise NotDone(str(error) or f"no connection in {self._timeout:g} s") from error
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _lives(self, connection: Connection, idle: float) -> bool:
        """Return whether an idle connection is open and, after a long time, still responds."""
        await let_the_loop_see()
        try:
            if await connection.can_read():
                return False
            if idle >= DOUBTFUL:
                async with asyncio.timeout(self._timeout):
                    await connection.send_packed_command(connection.pack_command("PING"), False)
                    await connection.read_response(disconnect_on_error=False)
        except (RedisError, TimeoutError, OSError):
            return False
        return True


def _settings(url: str, timeout: float) -> dict[str, Any]:
    """Return the arguments of redis-py's connection for a URL."""
    settings: dict[str, Any] = dict(parse_url(url))
    settings.pop("connection_class", None)
    # This module handles time-outs, and every server and proxy speaks the old protocol.
    settings |= {"socket_timeout": None, "socket_connect_timeout": timeout, "protocol": 2}
    if url.startswith("rediss"):
        settings.setdefault("ssl_min_version", ssl.TLSVersion.TLSv1_2)
    return settings | {"driver_info": None}


def _said(error: RedisError) -> str:
    """Return Redis' message, with the code that redis-py cuts off."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if isinstance(code, str) and code.isupper() else str(error)
