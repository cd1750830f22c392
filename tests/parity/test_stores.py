"""The same requests to the example, its cards and sessions in each store, on each target.

Lambda is the local one, with the app as it lies here: the other tests have its zip. Each target
has a wall of its own: another database of Redis, another table. What it answers must be what the
example answers from memory, byte for byte.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.cache.servers import REGION, TOKEN, credentials_for, make_table, redis_server
from tests.cache.servers import upstash_front as front
from tests.parity.sending import TABLE, send_each, wait_for
from tests.parity.test_parity import served

from ferryman.migrate.parity import Difference, open_session

TARGETS = ("lambda", "server")

_PATIENCE = "timeout=30"
"""Of the stores, which a busy machine makes slow."""


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@asynccontextmanager
async def walls(redis: int, ministack: int) -> AsyncIterator[dict[str, Mapping[str, str]]]:
    """Yield the environment of each wall: one in memory, and one for each store and target."""
    found: dict[str, Mapping[str, str]] = {"memory on server": {}}
    async with AsyncExitStack() as stack:
        for number, target in enumerate(TARGETS):
            url = f"redis://127.0.0.1:{redis}/{number}?{_PATIENCE}"
            found[f"redis on {target}"] = {"POSTCARDS_CACHE": url}
            make_table(ministack, f"wall-{target}")
            found[f"dynamodb on {target}"] = {
                **credentials_for(ministack),
                "POSTCARDS_CACHE": f"dynamodb://wall-{target}?region={REGION}&{_PATIENCE}",
            }
            port = await stack.enter_async_context(front(redis, database=2 + number))
            found[f"upstash on {target}"] = {
                "POSTCARDS_CACHE": f"upstash://:{TOKEN}@127.0.0.1:{port}?{_PATIENCE}"
            }
        yield found


async def answer_all(
    redis: int, ministack: int, emulator: Path, logs: Path, port: object
) -> dict[str, tuple[Difference, ...]]:
    async with walls(redis, ministack) as found, open_session() as session:
        with ExitStack() as stack:
            urls = {}
            for name, environment in found.items():
                number = port()  # type: ignore[operator]
                log = logs / f"{name}.log"
                target = name.rpartition(" ")[2]
                verb = "dev" if target == "lambda" else "serve"
                stack.enter_context(served(target, number, emulator, log, environment, verb))
                urls[name] = f"http://127.0.0.1:{number}"
            for url in urls.values():
                await wait_for(session, url)
            return await send_each(session, urls)


@pytest.fixture(scope="module")
def differences(
    emulator: Path,
    redis_port: int,
    ministack: int,
    tmp_path_factory: pytest.TempPathFactory,
    unused_tcp_port_factory: object,
) -> dict[str, tuple[Difference, ...]]:
    logs = tmp_path_factory.mktemp("logs")
    return asyncio.run(answer_all(redis_port, ministack, emulator, logs, unused_tcp_port_factory))


@pytest.mark.parametrize("name", [request.name for request in TABLE])
def test_every_store_answers_alike_on_every_target(
    name: str, differences: dict[str, tuple[Difference, ...]]
) -> None:
    assert [str(difference) for difference in differences[name]] == []
