"""A process that is frozen and goes on: its connections have ended unseen, and no call fails."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.cache.passing_time import SetAhead
from tests.cache.test_lost_answers import STORES, behind_a_proxy

from ferryman.cache import open_cache

PROGRAM = """
import asyncio, sys
from ferryman.cache import open_cache

async def main():
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with open_cache(sys.argv[1], check=False) as cache:
        # Several connections, of which all but one have been idle for longer.
        await asyncio.gather(*(cache.incr(sys.argv[2]) for _ in range(4)))
        print("ready", flush=True)
        while await lines.readline():
            print(await cache.incr(sys.argv[2]), flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", STORES)
async def test_connections_that_ended_during_a_freeze_cost_no_error(
    kind: str,
    request: pytest.FixtureRequest,
    no_aws: pytest.MonkeyPatch,
    key: object,
    tmp_path: Path,
) -> None:
    async with behind_a_proxy(kind, request, no_aws) as (url, proxy):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, url, key("n")),  # type: ignore[operator]
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert await process.stdout.readline() == b"ready\n"
            for expected in (5, 6, 7):
                os.kill(process.pid, signal.SIGSTOP)
                proxy.drop()
                await asyncio.sleep(0.3)
                process.stdin.write(b"go\n")
                await process.stdin.drain()
                os.kill(process.pid, signal.SIGCONT)
                assert await process.stdout.readline() == b"%d\n" % expected
        finally:
            process.stdin.close()
            assert await process.wait() == 0
    assert proxy.connections >= 4


@pytest.mark.parametrize("kind", STORES)
async def test_a_connection_that_a_router_forgot_is_not_used(
    kind: str, request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch, key: object
) -> None:
    name = key("n")  # type: ignore[operator]
    async with (
        behind_a_proxy(kind, request, no_aws) as (url, proxy),
        open_cache(f"{url}{'&' if '?' in url else '?'}timeout=0.5", check=False) as cache,
    ):
        clock = SetAhead()
        if kind == "redis":
            vars(cache)["_now"] = clock.now
        else:
            vars(vars(cache)["_exchange"])["_clock"] = clock
        await asyncio.gather(*(cache.incr(name) for _ in range(3)))
        proxy.go_deaf()
        clock.ahead += 60
        assert await cache.incr(name) == 4
