"""The contract, on every store: memory, a real Redis, Upstash's front, two stand-ins for AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.cache.conftest import STORES
from tests.cache.passing_time import pass_time

from ferryman.cache import (
    ABSENT,
    LASTING,
    Cache,
    CacheLimitError,
    CounterError,
    LockLost,
    LockTaken,
    cached,
    lock,
)

pytestmark = pytest.mark.parametrize("store_url", STORES, indirect=True)

Key = Callable[[str], str]
BYTES = (b"", b"5", b"OK", b"\x00\xff\xfe", "高雄".encode(), bytes(range(256)), b"x" * 380 * 1024)


@pytest.fixture
def server_port(request: pytest.FixtureRequest, store_url: str) -> int | None:
    redis = store_url.startswith(("redis", "upstash"))
    return request.getfixturevalue("redis_port") if redis else None


@pytest.mark.parametrize("value", BYTES, ids=lambda value: f"{value[:4]!r}-{len(value)}")
async def test_a_value_comes_back_byte_for_byte(cache: Cache, key: Key, value: bytes) -> None:
    assert await cache.set(key("a"), value)
    assert await cache.get(key("a")) == value
    assert await cache.set(key("b"), value, 60, only_if_absent=True)
    assert await cache.get(key("b")) == value
    assert await cache.set(key("c"), value, 60)
    assert await cache.get_many([key("a"), key("c"), key("none")]) == {
        key("a"): value,
        key("c"): value,
    }
    assert await cache.delete_if(key("b"), value)
    assert await cache.get(key("b")) is None


async def test_keys_are_text_of_up_to_a_kibibyte(cache: Cache, key: Key) -> None:
    head = key("")
    names = (f"{head}a/b?c#d%20 e\n", f"{head}高雄", head + "k" * (1024 - len(head)))
    for name in names:
        await cache.set(name, name.encode())
    assert await cache.get_many(names) == {name: name.encode() for name in names}


@pytest.mark.parametrize("bad", ["", "k" * 1025, "é" * 513, "\ud800"], ids=["", "a", "é", "sur"])
async def test_other_keys_are_refused_before_they_are_sent(cache: Cache, bad: str) -> None:
    for call in (cache.get(bad), cache.set(bad, b""), cache.incr(bad), cache.delete(bad)):
        with pytest.raises(CacheLimitError):
            await call
    with pytest.raises(CacheLimitError):
        await cache.get_many(["fine", bad])


async def test_values_and_times_beyond_the_limits_are_refused(cache: Cache, key: Key) -> None:
    with pytest.raises(CacheLimitError, match="389121 bytes"):
        await cache.set(key("a"), b"x" * (380 * 1024 + 1))
    with pytest.raises(CacheLimitError):
        await cache.set_many({key("a"): b"", key("b"): b"x" * (380 * 1024 + 1)})
    for ttl in (0, -1, 10**10):
        with pytest.raises(CacheLimitError):
            await cache.set(key("a"), b"", ttl)
    for wrong in (1.5, True, "1"):
        with pytest.raises(TypeError):
            await cache.set(key("a"), b"", wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="values are bytes"):
        await cache.set(key("a"), "text")  # type: ignore[arg-type]
    assert await cache.get(key("a")) is None


async def test_only_if_absent_leaves_what_is_there(cache: Cache, key: Key) -> None:
    assert await cache.set(key("a"), b"1", only_if_absent=True)
    assert not await cache.set(key("a"), b"2", only_if_absent=True)
    assert await cache.get(key("a")) == b"1"
    await cache.delete(key("a"))
    await cache.delete(key("a"))
    assert await cache.set(key("a"), b"3", only_if_absent=True)


async def test_delete_if_looks_at_the_value(cache: Cache, key: Key) -> None:
    await cache.set(key("a"), b"mine")
    assert not await cache.delete_if(key("a"), b"theirs")
    assert not await cache.delete_if(key("b"), b"mine")
    assert await cache.delete_if(key("a"), b"mine")
    await cache.incr(key("n"), 12)
    assert not await cache.delete_if(key("n"), b"012")
    assert await cache.delete_if(key("n"), b"12")


async def test_a_counter_is_a_number_and_a_value(cache: Cache, key: Key) -> None:
    assert await cache.incr(key("n")) == 1
    assert await cache.incr(key("n"), 41) == 42
    assert await cache.incr(key("n"), -50) == -8
    assert await cache.get(key("n")) == b"-8"
    assert (await cache.get_many([key("n")]))[key("n")] == b"-8"
    await cache.set(key("n"), b"9223372036854775806")
    assert await cache.incr(key("n")) == 2**63 - 1
    with pytest.raises(CounterError, match="range"):
        await cache.incr(key("n"))
    assert await cache.incr(key("n"), 0) == 2**63 - 1
    assert await cache.incr(key("large"), 2**53 + 1, ttl=60) == 2**53 + 1


@pytest.mark.parametrize("value", [b"", b"x", b"1.5", b"+1", b"01", b" 1", b"-0", b"9" * 19])
async def test_what_is_no_number_cannot_be_raised(cache: Cache, key: Key, value: bytes) -> None:
    await cache.set(key("a"), value)
    for ttl in (None, 60):
        with pytest.raises(CounterError):
            await cache.incr(key("a"), ttl=ttl)
    assert await cache.get(key("a")) == value


async def test_times_to_live(cache: Cache, key: Key, server_port: int | None) -> None:
    await cache.set(key("short"), b"s", 100)
    await cache.set(key("long"), b"l", 1000)
    await cache.set(key("lasting"), b"f")
    await cache.incr(key("count"), ttl=100)
    assert 90 < await cache.ttl(key("short")) <= 100
    assert await cache.ttl(key("lasting")) == LASTING
    assert await cache.ttl(key("none")) == ABSENT
    assert await cache.incr(key("count"), ttl=1000) == 2
    assert await cache.ttl(key("count")) <= 100, "a counter keeps the time that it has"
    await pass_time(cache, 200, server_port)
    names = [key(name) for name in ("short", "long", "lasting", "count")]
    assert await cache.get_many(names) == {key("long"): b"l", key("lasting"): b"f"}
    assert await cache.get(key("short")) is None
    assert await cache.ttl(key("short")) == ABSENT
    assert not await cache.expire(key("short"), 60)
    assert not await cache.delete_if(key("short"), b"s")
    assert await cache.incr(key("count"), ttl=60) == 1
    assert await cache.set(key("short"), b"again", only_if_absent=True)
    assert await cache.ttl(key("short")) == LASTING


async def test_setting_a_value_gives_it_a_new_time(cache: Cache, key: Key) -> None:
    await cache.set(key("a"), b"1", 100)
    await cache.set(key("a"), b"2")
    assert await cache.ttl(key("a")) == LASTING
    assert await cache.expire(key("a"), 50)
    assert 40 < await cache.ttl(key("a")) <= 50
    await cache.set_many({key("a"): b"3", key("b"): b"4"}, 500)
    assert 490 < await cache.ttl(key("a")) <= 500


async def test_many_at_once_are_more_than_a_batch(cache: Cache, key: Key) -> None:
    values = {key(str(number)): str(number).encode() for number in range(130)}
    await cache.set_many(values)
    assert await cache.get_many([*values, key("none"), *values]) == values
    assert await cache.get_many([]) == {}
    await cache.set_many({})


async def test_a_value_is_made_once_for_all_that_ask_at_once(cache: Cache, key: Key) -> None:
    made = 0

    async def make() -> dict[str, int]:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return {"number": made}

    asked = [cached(cache, key("a"), make, ttl=60) for _ in range(5)]
    assert await asyncio.gather(*asked) == [{"number": 1}] * 5
    assert await cached(cache, key("a"), make, ttl=60) == {"number": 1}
    await cache.set(key("a"), b"no JSON")
    assert await cached(cache, key("a"), make, ttl=60) == {"number": 2}


async def test_who_goes_away_does_not_take_the_value_along(cache: Cache, key: Key) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def make() -> str:
        begun.set()
        await go_on.wait()
        return "made"

    first = asyncio.create_task(cached(cache, key("a"), make, ttl=60))
    await begun.wait()
    second = asyncio.create_task(cached(cache, key("a"), make, ttl=60))
    await asyncio.sleep(0.05)
    first.cancel()
    go_on.set()
    assert await second == "made"


async def test_a_lock_is_held_by_one(cache: Cache, key: Key) -> None:
    inside = most = 0

    async def work() -> None:
        nonlocal inside, most
        async with lock(cache, key("lock"), ttl=60, wait=60):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.005)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(8)))
    assert most == 1
    async with lock(cache, key("lock"), ttl=60):
        with pytest.raises(LockTaken):
            async with lock(cache, key("lock"), ttl=60, wait=0.05):
                pass


async def test_a_lock_that_ended_says_so(cache: Cache, key: Key, server_port: int | None) -> None:
    with pytest.raises(LockLost):
        async with lock(cache, key("lock"), ttl=10):
            await pass_time(cache, 20, server_port)
    async with lock(cache, key("lock"), ttl=10):
        pass
