"""Opens the store that a URL asks for, and imports what that store needs alone."""

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
"""What a process opens to Redis at most, if neither the URL nor the target says less."""


@asynccontextmanager
async def open_cache(
    url: str, *, session: aiohttp.ClientSession | None = None, check: bool = True
) -> AsyncIterator[Cache]:
    """Open a store for as long as the context lasts.

    In an app, the context is one of `cleanup_ctx`, so that the store is opened once in each
    process, on the loop that serves its requests:

        async def keep_cache(app):
            async with open_cache(url) as app[CACHE]:
                yield

        app.cleanup_ctx.append(keep_cache)

    Args:
        url: `memory://`, `redis://`, `rediss://`, `dynamodb://` or `upstash://`; the reference
            tells what each takes.
        session: A session of the app's, for the stores that are called over HTTP; it stays open.
            Without it they have one of their own, which trusts no idle connection.
        check: See at once that the store answers and is what a cache needs.

    Raises:
        CacheConfigError: The URL is wrong, or what it leads to cannot be used.
        CacheUnavailable: The store does not answer, and `check` is set.
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
    # One request may ask for two things at once, even where requests come one by one.
    return max(2, min(current().concurrency or _CONNECTIONS, _CONNECTIONS))
