"""What the cache costs beside the clients that it could have been made of, in the same run.

Redis: a call of `ferryman.cache` beside bare redis-py, on a real redis-server. DynamoDB: beside
aiobotocore, on a stub that answers at once, so that the client's own work is compared: its CPU
time, and the time that a caller waits, in which the stub's share is the same for both. Imports:
above aiohttp.web and its client, which an app has, in processes of their own. Last, two hundred
clients count to a hundred on each of the four stores.

Run by `make bench-cache`, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from redis.asyncio import Redis
from tests.aws_stand_in import running_ministack
from tests.cache.servers import (
    REGION,
    TABLE,
    TOKEN,
    credentials_for,
    make_table,
    redis_server,
    upstash_front,
)

from ferryman.cache import open_cache

VALUE = b"v" * 200
ITEM = json.dumps({"Item": {"key": {"S": "a"}, "value": {"B": "dnY="}}}).encode()

IMPORTS = {
    "redis": "import ferryman.cache.redis_store",
    "dynamodb": "import ferryman.cache.dynamodb_store",
    "upstash": "import ferryman.cache.upstash_store",
    "redis-py": "import redis.asyncio",
    "aiobotocore": "import aiobotocore.session",
}
MEASURE = """
import time, resource, sys
import aiohttp.web, aiohttp
from ferryman.cache import Cache, open_cache
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
before, began = memory(), time.perf_counter()
{code}
print(time.perf_counter() - began, memory() - before)
"""
# aiobotocore pins a botocore that contradicts boto3's: it has a directory of its own.
TIMED = """
import asyncio, sys, time
port, count, rounds = map(int, sys.argv[1:])
async def timed(call):
    for _ in range(200):
        await call()
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            await call()
        print(time.process_time() - cpu, time.perf_counter() - began)
"""
PEER = f"""{TIMED}
from aiobotocore.session import get_session
async def main():
    settings = dict(region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{{port}}",
                    aws_access_key_id="a", aws_secret_access_key="b")
    async with get_session().create_client("dynamodb", **settings) as client:
        asked = dict(TableName="t", Key={{"key": {{"S": "a"}}}}, ConsistentRead=True)
        await timed(lambda: client.get_item(**asked))
asyncio.run(main())
"""
OURS = f"""{TIMED}
from ferryman.cache import open_cache
async def main():
    async with open_cache("dynamodb://t?region=us-east-1") as cache:
        await timed(lambda: cache.get("a"))
asyncio.run(main())
"""
ROUNDS = 5
TURNS = 3
"""How often ours and the peer's program take turns."""


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True, help="where aiobotocore lies")
    parser.add_argument("--calls", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        places = [Path(folder, name) for name in ("redis", "ministack")]
        for place in places:
            place.mkdir()
        redis = stack.enter_context(redis_server(places[0]))
        await measure_redis(redis, options.calls)
        await measure_dynamodb(options.peer, options.calls)
        measure_imports(options.peer)
        ministack = stack.enter_context(running_ministack(places[1]))
        make_table(ministack)
        await count_everywhere(redis, ministack)


async def measure_redis(port: int, calls: int) -> None:
    """Compare a call with the bare client's: both wait for the same server."""
    url = f"redis://127.0.0.1:{port}/0"
    async with Redis.from_url(url) as bare, open_cache(url) as cache:
        await bare.set("a", VALUE)
        pairs: dict[str, tuple[Call, Call]] = {
            "get": (lambda: cache.get("a"), lambda: bare.get("a")),
            "set": (lambda: cache.set("a", VALUE, 60), lambda: bare.set("a", VALUE, px=60000)),
        }
        for name, (ours, theirs) in pairs.items():
            # Many short turns, so that what else the machine does falls on both alike.
            turns = [
                (await timed(ours, calls // 20), await timed(theirs, calls // 20))
                for _ in range(100)
            ]
            mine, other = zip(*turns, strict=True)
            for index, unit in enumerate(("CPU", "wall")):
                us, them = (
                    statistics.median(each[index] for each in side) for side in (mine, other)
                )
                tell(f"redis {name}", unit, us, "redis-py", them, 1.10)


Call = Callable[[], Awaitable[object]]
Times = tuple[float, float]
"""The seconds of one call: of CPU time in this process, and of a clock."""


async def timed(call: Call, calls: int) -> Times:
    """Return what one call takes."""
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(calls):
        await call()
    return (time.process_time() - cpu) / calls, (time.perf_counter() - began) / calls


class Stub(asyncio.Protocol):
    """DynamoDB as fast as can be: the same answer to every request."""

    ANSWER = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
        b"x-amz-crc32: %d\r\nContent-Length: %d\r\n\r\n%s" % (zlib.crc32(ITEM), len(ITEM), ITEM)
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole: both clients end theirs with a JSON object."""
        if data.endswith(b"}"):
            self._transport.write(self.ANSWER)


async def measure_dynamodb(peer: Path, calls: int) -> None:
    """Compare what a call takes, in processes of their own, on the same stub."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    environment = os.environ | dict(credentials_for(port))
    paths = f"{peer}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    ours: list[Times] = []
    theirs: list[Times] = []
    for _ in range(TURNS):
        ours += await times_of(OURS, port, calls, environment)
        theirs += await times_of(PEER, port, calls, environment | {"PYTHONPATH": paths})
    server.close()
    for index, unit in enumerate(("CPU", "wall")):
        mine, other = (statistics.median(each[index] for each in side) for side in (ours, theirs))
        tell("dynamodb get", unit, mine, "aiobotocore", other, 0.40)


async def times_of(code: str, port: int, calls: int, environment: dict[str, str]) -> list[Times]:
    """Return what one call takes in each round of a program of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(port), str(calls // ROUNDS), str(ROUNDS)),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    rounds = [[float(each) for each in line.split()] for line in output.splitlines()]
    return [(cpu / (calls // ROUNDS), wall / (calls // ROUNDS)) for cpu, wall in rounds]


def measure_imports(peer: Path) -> None:
    """Print what each store's import takes, and what the peers' do."""
    found = {}
    environment = os.environ | {
        "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{peer}"
    }
    for name, code in IMPORTS.items():
        runs = [
            subprocess.run(
                [sys.executable, "-c", MEASURE.format(code=code)],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            ).stdout.split()
            for _ in range(9)
        ]
        seconds, memory = (statistics.median(map(float, each)) for each in zip(*runs, strict=True))
        found[name] = (seconds, memory)
        print(f"import {name:12} {seconds * 1000:7.1f} ms {memory / 2**20:6.2f} MiB")
    ratio = found["dynamodb"][0] / found["aiobotocore"][0]
    print(f"import dynamodb / aiobotocore {ratio:.2f} (at most 0.30, and 3 MiB)")


async def count_everywhere(redis: int, ministack: int) -> None:
    """Have two hundred clients count to a hundred on each store, and print the count."""
    os.environ.update(credentials_for(ministack))
    async with upstash_front(redis) as port:
        for url in (
            "memory://",
            f"redis://127.0.0.1:{redis}/0?timeout=60",
            f"upstash://:{TOKEN}@127.0.0.1:{port}?timeout=60",
            f"dynamodb://{TABLE}?region={REGION}&timeout=60",
        ):
            async with open_cache(url) as cache:
                key = f"count:{url.partition(':')[0]}"

                async def client() -> None:
                    for _ in range(100):
                        await cache.incr(key)  # noqa: B023 - it ends within this turn

                began = time.perf_counter()
                await asyncio.gather(*(client() for _ in range(200)))
                took = time.perf_counter() - began
                counted = int(await cache.get(key) or 0)
                print(f"{key:15} {counted} of 20000 in {took:.1f} s")


def tell(what: str, unit: str, ours: float, peer: str, theirs: float, bound: float) -> None:
    """Print a figure beside its peer's."""
    print(
        f"{what:12} {unit:4} {ours * 1e6:6.1f} us, {peer} {theirs * 1e6:6.1f} us: "
        f"{ours / theirs:.2f} (at most {bound:.2f})"
    )


if __name__ == "__main__":
    asyncio.run(main())
