"""What is wrong is told when the store is opened: what, why, and how to mend it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import zlib
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis
from tests.cache.servers import (
    REGION,
    TABLE,
    TOKEN,
    credentials_for,
    make_table,
    redis_server,
    upstash_front,
)

from ferryman.cache import (
    CacheConfigError,
    CacheFull,
    CacheReadOnly,
    CacheUnavailable,
    CacheUncertain,
    open_cache,
)
from ferryman.cache.clock import Clock

PASSWORD = "planted-password-7f3a"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("valkey://host", "did you mean redis://?"),
        ("redsi://host", "did you mean redis://?"),
        ("dynamo://table", "did you mean dynamodb://?"),
        ("", "write one of memory://"),
        ("/tmp/cache", "write one of memory://"),
        ("dynamodb://", "names no table"),
        ("redis://", "names no host"),
        ("redis://host:port", "cannot be read"),
        ("dynamodb://table?regoin=eu-west-1", "did you mean region?"),
        ("dynamodb://table", "no region"),
        ("upstash://name.upstash.io", "UPSTASH_REDIS_REST_TOKEN"),
        ("memory://?max_bytes=lots", "max_bytes is not a number above 0"),
        (f"redis://:{PASSWORD}@host?timeout=-1", "timeout is not a number above 0"),
    ],
)
async def test_a_wrong_url(url: str, told: str, no_aws: pytest.MonkeyPatch) -> None:
    no_aws.delenv("UPSTASH_REDIS_REST_TOKEN", raising=False)
    with pytest.raises(CacheConfigError) as raised:
        async with open_cache(url):
            pass
    assert told in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert raised.value.exit_code == 2


async def test_a_table_that_is_not_there_or_has_another_key(
    ministack_table: int, no_aws: pytest.MonkeyPatch
) -> None:
    for name, value in credentials_for(ministack_table).items():
        no_aws.setenv(name, value)
    make_table(ministack_table, "Other", "id")
    make_table(ministack_table, "Numbers", "key", "N")
    for table, told in (("None", "create-table"), ("Other", "`key`"), ("Numbers", "`key`")):
        with pytest.raises(CacheConfigError) as raised:
            async with open_cache(f"dynamodb://{table}?region={REGION}"):
                pass
        assert told in str(raised.value), table


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("ExpiredTokenException", CacheUnavailable, "have expired"),
        ("AccessDeniedException", CacheConfigError, "dynamodb:GetItem"),
        ("InvalidSignatureException", CacheConfigError, "clock of this machine"),
        ("UnrecognizedClientException", CacheConfigError, "signature"),
    ],
)
async def test_what_aws_refuses(
    code: str,
    kind: type[Exception],
    told: str,
    no_aws: pytest.MonkeyPatch,
    aiohttp_server: object,
) -> None:
    calls = 0

    async def refuse(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        body = {"__type": f"com.amazon.coral.service#{code}", "message": "AWS's own words"}
        return web.json_response(body, status=400)

    app = web.Application()
    app.router.add_post("/", refuse)
    server = await aiohttp_server(app)  # type: ignore[operator]
    for name, value in credentials_for(server.port).items():
        no_aws.setenv(name, value)
    with pytest.raises(kind) as raised:
        async with open_cache(f"dynamodb://{TABLE}?region={REGION}"):
            pass
    assert told in str(raised.value)
    assert "planted" not in str(raised.value)
    assert calls == 1, "what is final is not asked again"


async def test_a_damaged_answer_is_asked_for_again_and_never_a_counter(
    no_aws: pytest.MonkeyPatch, aiohttp_server: object
) -> None:
    body = b'{"Item":{"key":{"S":"a"},"value":{"B":"eHk="}}}'
    damaged = True

    async def answer(request: web.Request) -> web.Response:
        nonlocal damaged
        headers = {"x-amz-crc32": "1" if damaged else str(zlib.crc32(body))}
        damaged = False
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_post("/", answer)
    server = await aiohttp_server(app)  # type: ignore[operator]
    for name, value in credentials_for(server.port).items():
        no_aws.setenv(name, value)
    async with open_cache(f"dynamodb://{TABLE}?region={REGION}", check=False) as cache:
        assert await cache.get("a") == b"xy"
        damaged = True
        with pytest.raises(CacheUncertain):
            await cache.incr("a")


async def test_redis_that_takes_no_writes_or_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "replica").mkdir()
    with redis_server(tmp_path, "--requirepass", PASSWORD) as port:
        url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        for wrong in (f"redis://127.0.0.1:{port}", f"redis://:no@127.0.0.1:{port}"):
            with pytest.raises(CacheConfigError, match="user and the password"):
                async with open_cache(wrong):
                    pass
        async with Redis(port=port, password=PASSWORD) as redis, open_cache(url) as cache:
            await cache.set("there", b"1")
            await redis.config_set("maxmemory", "1mb")
            await redis.config_set("maxmemory-policy", "noeviction")
            large = dict.fromkeys(map(str, range(20)), b"x" * 380 * 1024)
            with pytest.raises(CacheFull, match="maxmemory-policy"):
                await cache.set_many(large)
            assert await cache.get("there") == b"1"
            async with open_cache(url) as again:  # a full cache keeps no app from starting
                assert await again.get("there") == b"1"
            await redis.replicaof("127.0.0.1", "1")
            with pytest.raises(CacheReadOnly, match="replica"):
                await cache.set("a", b"")
            with pytest.raises(CacheConfigError, match="takes no writes") as raised:
                async with open_cache(url):
                    pass
            assert PASSWORD not in str(raised.value)
            await redis.replicaof("NO", "ONE")


async def test_upstash_with_a_wrong_token(redis_port: int) -> None:
    async with upstash_front(redis_port) as port:
        with pytest.raises(CacheConfigError, match="refuses the token") as raised:
            async with open_cache(f"upstash://:{PASSWORD}@127.0.0.1:{port}"):
                pass
    assert PASSWORD not in str(raised.value)
    assert TOKEN not in str(raised.value)


async def test_the_apps_own_session_stays_open(redis_port: int) -> None:
    async with upstash_front(redis_port) as port, aiohttp.ClientSession() as session:
        url = f"upstash://:{TOKEN}@127.0.0.1:{port}"
        async with open_cache(url, session=session) as cache:
            await cache.set("a", b"1")
            assert cache.client is session
        assert not session.closed


def test_a_clock_that_steps_back_brings_nothing_back_to_life() -> None:
    wall, elapsed = [1000.0], [50.0]
    clock = Clock(lambda: wall[0], lambda: elapsed[0])
    assert clock.now() == 1000
    elapsed[0] += 10
    wall[0] = 400.0  # set back, when 1010 was due
    assert clock.now() == 1010
    elapsed[0] += 5
    wall[0] += 5
    assert clock.now() == 1015, "time goes on"
    wall[0] = 5000.0  # a freeze that only the wall clock saw
    assert clock.now() == 5000


async def test_memory_has_a_bound(key: object) -> None:
    async with open_cache("memory://?max_bytes=100000") as cache:
        await cache.set("kept", b"1")
        for number in range(100):
            await cache.set(str(number), b"x" * 10_000)
            assert await cache.get("kept") == b"1"
        assert await cache.get("0") is None
        assert await cache.get("99") is not None


@pytest.mark.parametrize(
    ("url", "free_of"),
    [
        ("memory://", "redis aiohttp.client_proto ferryman.core.aws ferryman.cache.upstash_store"),
        ("upstash://:t@host", "redis ferryman.cache.dynamodb_store boto3 botocore"),
        ("dynamodb://t?region=r", "redis ferryman.cache.upstash_store boto3 botocore"),
    ],
)
def test_a_url_loads_what_it_needs_alone(url: str, free_of: str) -> None:
    code = f"""
import asyncio, sys
from ferryman.cache import open_cache
async def main():
    async with open_cache({url!r}, check=False):
        print(*sys.modules)
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "ferryman.cache.contract" in loaded
    assert not loaded & set(free_of.split()) - {"aiohttp.client_proto"}


def test_redis_that_is_not_installed_is_asked_for() -> None:
    code = """
import asyncio, sys
sys.modules["redis"] = None
from ferryman.cache import CacheConfigError, open_cache
async def main():
    async with open_cache("redis://host"): pass
try:
    asyncio.run(main())
except CacheConfigError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "add ferryman[redis] to the app's requirements" in ran.stdout


async def test_a_table_that_takes_one_item_at_a_time_is_filled_without_growing_waits(
    no_aws: pytest.MonkeyPatch, aiohttp_server: object
) -> None:
    taken = []

    async def take_one(request: web.Request) -> web.Response:
        asked = (await request.json())["RequestItems"][TABLE]
        taken.append(asked[0]["PutRequest"]["Item"]["key"]["S"])
        return web.json_response({"UnprocessedItems": {TABLE: asked[1:]} if asked[1:] else {}})

    app = web.Application()
    app.router.add_post("/", take_one)
    server = await aiohttp_server(app)  # type: ignore[operator]
    for name, value in credentials_for(server.port).items():
        no_aws.setenv(name, value)
    values = {str(number): b"x" for number in range(12)}
    async with (
        open_cache(f"dynamodb://{TABLE}?region={REGION}", check=False) as cache,
        asyncio.timeout(30),  # doubled each time, the waits would be 100 s
    ):
        await cache.set_many(values)
    assert taken == [*values]
