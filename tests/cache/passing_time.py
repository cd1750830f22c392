"""Lets time pass for a store, without waiting."""

from __future__ import annotations

from redis.asyncio import Redis

from ferryman.cache import Cache
from ferryman.cache.clock import Clock


class SetAhead(Clock):
    """A clock that tests set ahead."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


async def pass_time(cache: Cache, seconds: int, redis_port: int | None) -> None:
    """Let seconds pass.

    Stores in this process and in DynamoDB go by a clock of ours. A real Redis goes by its own: it
    is asked to expire every key so much sooner.
    """
    if redis_port is None:
        clock = vars(cache)["_clock"]
        if not isinstance(clock, SetAhead):
            clock = vars(cache)["_clock"] = SetAhead()
        clock.ahead += seconds
        return
    async with Redis(port=redis_port) as redis:
        async for key in redis.scan_iter(count=1000):
            left = await redis.pttl(key)
            if left >= 0:
                await redis.pexpire(key, max(0, left - seconds * 1000))
