"""Opens the store that a URL names, and imports only that store's packages."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ferryman.cache.clock import Clock
from ferryman.cache.contract import Cache
from ferryman.cache.exceptions import CacheConfigError
from ferryman.cache.urls import StoreUrl, read_url
from ferryman.core.capabilities import current

if TYPE_CHECKING:
    import aiohttp

__all__ = ("open_cache",)

_TIMEOUT = 2.0
_CONNECTIONS = 20
"""The most connections of a process to Redis, unless the URL or the target sets fewer."""


@asynccontextmanager
async def open_cache(
    url: str, *, session: aiohttp.ClientSession | None = None, check: bool = True
) -> AsyncIterator[Cache]:
    """Open a store for the duration of the context.

    In an app, the context is one of `cleanup_ctx`, so that the store is opened once in each
    process, on the loop that serves its requests:

        async def keep_cache(app):
            async with open_cache(url) as app[CACHE]:
                yield

        app.cleanup_ctx.append(keep_cache)

    Args:
        url: `memory://`, `redis://`, `rediss://`, `dynamodb://` or `upstash://`; the reference
            describes the options of each.
        session: The app's session, for stores over HTTP; it stays open. Without it they use their
            own, which does not trust idle connections.
        check: Check at once that the store responds and is suitable.

    Raises:
        CacheConfigError: The URL is wrong, or its store is not suitable.
        CacheUnavailable: The store does not respond, and `check` is set.
    """
    store = _open(read_url(url), session)
    try:
        if check:
            await store.check()
        yield store
    finally:
        await store.close()


def _open(url: StoreUrl, session: aiohttp.ClientSession | None) -> Cache:
    clock, timeout = Clock(), url.number("timeout", _TIMEOUT)
    if url.scheme == "memory":
        from ferryman.cache.memory_store import MemoryStore

        return MemoryStore(int(url.number("max_bytes", 64 * 2**20)), clock)
    if url.scheme == "dynamodb":
        from ferryman.cache.dynamodb_store import open_dynamodb

        return open_dynamodb(url, session, timeout, clock, os.environ)
    if url.scheme == "upstash":
        from ferryman.cache.upstash_store import open_upstash

        return open_upstash(url, session, timeout, clock, os.environ)
    try:
        from ferryman.cache.redis_store import RedisStore
    except ImportError as error:
        raise CacheConfigError(
            f"the cache {url.shown} needs redis-py",
            cause=str(error),
            hint="add ferryman[redis] to the app's requirements",
        ) from error
    return RedisStore(url, int(url.number("max_connections", _connections())), timeout, clock)


def _connections() -> int:
    # One request may send two commands at once, even if requests come one by one.
    return max(2, min(current().concurrency or _CONNECTIONS, _CONNECTIONS))
