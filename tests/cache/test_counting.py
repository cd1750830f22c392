"""Two hundred clients that count side by side: every store counts exactly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferryman.cache import Cache


# The stand-ins over HTTP take half a minute for as many; `make bench-cache` counts there, too.
@pytest.mark.parametrize(
    ("store_url", "times"),
    [("memory", 100), ("redis", 100), ("upstash", 20), ("ministack", 20)],
    indirect=["store_url"],
)
async def test_every_increment_counts_once(
    cache: Cache, times: int, key: Callable[[str], str]
) -> None:
    async def client() -> list[int]:
        return [await cache.incr(key("n")) for _ in range(times)]

    told = await asyncio.gather(*(client() for _ in range(200)))
    assert await cache.get(key("n")) == b"%d" % (200 * times)
    assert sorted(number for one in told for number in one) == list(range(1, 200 * times + 1))
