"""Helpers for apps: a value that is computed once, and a lock."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from ferryman.cache.contract import Cache
from ferryman.cache.exceptions import CacheUnavailable, CacheUncertain, LockLost, LockTaken

__all__ = ("cached", "lock")

Value = TypeVar("Value")

_making: WeakKeyDictionary[Cache, dict[str, asyncio.Task[Any]]] = WeakKeyDictionary()

_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5
"""Seconds between two attempts to take a lock: from the first value, growing to the second."""

_log = logging.getLogger("ferryman.cache")


def _to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


async def cached(
    cache: Cache,
    key: str,
    make: Callable[[], Awaitable[Value]],
    *,
    ttl: int,
    fail_open: bool = False,
    encode: Callable[[Value], bytes] = _to_json,
    decode: Callable[[bytes], Value] = json.loads,
) -> Value:
    """Return the value of a key; compute and store it if it is missing.

    Concurrent requests of one process for the same key wait for one of them to compute it. Other
    processes may compute it, too.

    Args:
        cache: The store.
        key: The key.
        make: Computes the value.
        ttl: Seconds to keep it.
        fail_open: Compute the value if the store does not respond, instead of raising
            `CacheUnavailable`.
        encode: Turns a value into bytes; by default it is written as JSON.
        decode: Turns bytes into a value. If it raises ValueError, the value is computed again.
    """
    found = await _find(cache, key, fail_open)
    if found is not None:
        try:
            return decode(found)
        except ValueError:
            _log.warning("the value of %r cannot be read, and is made again", key)

    async def make_and_keep() -> Value:
        value = await make()
        try:
            await cache.set(key, encode(value), ttl)
        except CacheUnavailable as error:
            if not fail_open:
                raise
            _log.warning("the value of %r is not kept: %s", key, error.message)
        return value

    return await _once(cache, key, make_and_keep)


async def _find(cache: Cache, key: str, fail_open: bool) -> bytes | None:
    try:
        return await cache.get(key)
    except CacheUnavailable as error:
        if not fail_open:
            raise
        _log.warning("the cache is left out: %s", error.message)
        return None


async def _once(cache: Cache, key: str, make: Callable[[], Awaitable[Value]]) -> Value:
    """Compute a value, or wait for a computation that another request has begun."""
    tasks = _making.setdefault(cache, {})
    task = tasks.get(key)
    if task is None:
        task = tasks[key] = asyncio.ensure_future(make())
        task.add_done_callback(lambda _: tasks.pop(key, None))
    # A cancelled request must not cancel the computation for others that wait for it.
    made: Value = await asyncio.shield(task)
    return made


@asynccontextmanager
async def lock(cache: Cache, key: str, *, ttl: int, wait: float = 0) -> AsyncIterator[None]:
    """Hold a lock in the context: one holder at a time among all processes that use the store.

    The lock expires after `ttl`, so that a dead process does not block others. Longer work loses
    its exclusivity: choose `ttl` with a margin.

    Args:
        cache: The store. A lock in memory only holds within this process.
        key: The lock's name.
        ttl: The most seconds to hold it.
        wait: Seconds to wait for another holder to release it.

    Raises:
        LockTaken: Another process holds it.
        LockLost: The lock expired before the context ended.
    """
    token = secrets.token_hex(16).encode()
    deadline, pause = asyncio.get_running_loop().time() + wait, _FIRST_WAIT
    while not await _take(cache, key, token, ttl):
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise LockTaken(
                f"the lock {key!r} is taken",
                cause=f"another holds it, and did not let go within {wait:g} s",
                hint="wait longer, or answer 409 and let the client try again",
            )
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_WAIT)
    try:
        yield
    except BaseException:
        await _let_go(cache, key, token)
        raise
    if not await _let_go(cache, key, token):
        raise LockLost(
            f"the lock {key!r} ended while it was held",
            cause=f"the work took longer than its {ttl} s, so another may have done it, too",
            hint="raise ttl above what the work takes at most",
        )


async def _take(cache: Cache, key: str, token: bytes, ttl: int) -> bool:
    """Take a lock; if the response is lost, the token shows the owner."""
    try:
        return await cache.set(key, token, ttl, only_if_absent=True)
    except CacheUncertain:
        return await cache.get(key) == token


async def _let_go(cache: Cache, key: str, token: bytes) -> bool:
    """Release a lock, and return whether it was held until now.

    The token is unique to this lock, so deleting it twice does no harm; but only the lost first
    response could say whether it was held.
    """
    try:
        return await cache.delete_if(key, token)
    except CacheUncertain:
        if await cache.get(key) == token:
            return await cache.delete_if(key, token)
        return True
