"""Answers that are lost: what may be sent again is, and what may not raises a doubt each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.cache.servers import REGION, TABLE, TOKEN, Proxy, credentials_for, upstash_front

from ferryman.cache import Cache, CacheUnavailable, CacheUncertain, open_cache
from ferryman.cache.helpers import lock

STORES = ("redis", "upstash", "dynamodb")


@asynccontextmanager
async def behind_a_proxy(
    kind: str, request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch, lose_every: int = 0
) -> AsyncIterator[tuple[str, Proxy]]:
    """Yield the URL of a store behind a proxy, and the proxy."""
    if kind == "dynamodb":
        port = request.getfixturevalue("ministack_table")
        async with Proxy(port, lose_every) as proxy:
            for name, value in credentials_for(proxy.port).items():
                no_aws.setenv(name, value)
            yield f"dynamodb://{TABLE}?region={REGION}", proxy
        return
    redis = request.getfixturevalue("redis_port")
    if kind == "redis":
        async with Proxy(redis, lose_every) as proxy:
            yield f"redis://127.0.0.1:{proxy.port}", proxy
        return
    async with upstash_front(redis) as front, Proxy(front, lose_every) as proxy:
        yield f"upstash://:{TOKEN}@127.0.0.1:{proxy.port}", proxy


@pytest.fixture(params=STORES)
async def lossy(
    request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Cache, Proxy]]:
    async with (
        behind_a_proxy(request.param, request, no_aws, lose_every=10) as (url, proxy),
        # A busy machine is slow, and a time-out would be one more lost answer.
        open_cache(f"{url}{'&' if '?' in url else '?'}timeout=60", check=False) as cache,
    ):
        yield cache, proxy


async def test_no_increment_is_counted_twice_and_every_doubt_is_raised(
    lossy: tuple[Cache, Proxy], key: object
) -> None:
    cache, proxy = lossy
    name = key("n")  # type: ignore[operator]

    async def one() -> bool:
        try:
            await cache.incr(name)
        except CacheUncertain:
            return False
        return True

    told = [await one() for _ in range(100)]
    told += await asyncio.gather(*(one() for _ in range(100)))
    doubts = told.count(False)
    assert doubts > 10
    # The proxy loses answers, never requests: each was counted, and none more than once.
    assert int(await cache.get(name) or b"") == 200
    assert proxy.lost >= doubts


async def test_what_may_be_sent_again_never_fails(lossy: tuple[Cache, Proxy], key: object) -> None:
    cache, proxy = lossy
    for number in range(60):
        name = key(str(number))  # type: ignore[operator]
        await cache.set(name, b"%d" % number, 60)
        assert await cache.get(name) == b"%d" % number
        assert await cache.expire(name, 90)
        await cache.delete(name)
    assert proxy.lost > 20


async def test_conditions_raise_a_doubt(lossy: tuple[Cache, Proxy], key: object) -> None:
    cache, proxy = lossy
    added = removed = doubts = 0
    for number in range(60):
        name = key(str(number))  # type: ignore[operator]
        try:
            added += await cache.set(name, b"x", 60, only_if_absent=True)
        except CacheUncertain:
            doubts += 1
        try:
            removed += await cache.delete_if(name, b"x")
        except CacheUncertain:
            doubts += 1
    assert added + removed + doubts == 120, "none was told that another had been first"
    assert doubts == proxy.lost > 5


async def test_a_lock_survives_lost_answers(lossy: tuple[Cache, Proxy], key: object) -> None:
    cache, proxy = lossy
    for _ in range(30):
        async with lock(cache, key("lock"), ttl=60):  # type: ignore[operator]
            pass
    assert proxy.lost > 3


@pytest.mark.parametrize("kind", STORES)
async def test_a_store_that_is_away_is_unavailable(
    kind: str, request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch
) -> None:
    async with behind_a_proxy(kind, request, no_aws) as (url, _):
        pass
    async with open_cache(url, check=False) as cache:
        for call in (cache.get("a"), cache.set("a", b""), cache.incr("a")):
            with pytest.raises(CacheUnavailable) as raised:
                await call
            assert TOKEN not in str(raised.value)
    with pytest.raises(CacheUnavailable):
        async with open_cache(url):
            pass
