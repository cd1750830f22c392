"""The recipes of the documentation, on a real PostgreSQL, alone and behind PgBouncer."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
import pytest
from tests.database.servers import postgresql

from ferryman.core import capabilities
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES as ON_LAMBDA

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "database.md"
RECIPES = dict(
    re.findall(r'^```python title="(\w+)\.py"\n(.*?)^```$', PAGE.read_text("utf-8"), re.M | re.S)
)
CLIENTS, QUERIES = 10, 20


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    with postgresql() as ports:
        yield ports


@pytest.fixture(params=sorted(RECIPES))
def recipe(request: pytest.FixtureRequest) -> ModuleType:
    module = ModuleType(request.param)
    exec(compile(RECIPES[request.param], f"{request.param}.py", "exec"), vars(module))
    return module


def address(port: int) -> str:
    return f"postgresql://app@127.0.0.1:{port}/postgres"


def test_the_page_has_three_recipes() -> None:
    assert set(RECIPES) == {"with_asyncpg", "with_psycopg", "with_sqlalchemy"}


@pytest.mark.parametrize("pooled", [False, True], ids=["alone", "behind pgbouncer"])
async def test_no_query_fails(
    recipe: ModuleType,
    pooled: bool,
    ports: tuple[int, int],
    aiohttp_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", address(ports[pooled]))
    client = await aiohttp_client(recipe.create_app())

    async def ask(number: int) -> bool:
        async with client.get("/", params={"n": number}) as answer:
            return (answer.status, await answer.text()) == (200, str(number + 1))

    answers = await asyncio.gather(*(ask(number) for number in range(CLIENTS * QUERIES)))
    assert answers.count(False) == 0


async def test_with_the_defaults_of_asyncpg_queries_fail_behind_pgbouncer(
    ports: tuple[int, int],
) -> None:
    # Otherwise the test above would show nothing.
    failed = 0

    async def client() -> None:
        nonlocal failed
        connection = await asyncpg.connect(address(ports[1]))
        for number in range(QUERIES):
            try:
                await connection.fetchval("SELECT $1::int + 1", number)
            except asyncpg.PostgresError:
                failed += 1
        connection.terminate()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    assert failed > 0


async def test_a_process_that_was_frozen_answers_though_its_connection_has_ended(
    recipe: ModuleType,
    ports: tuple[int, int],
    aiohttp_client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    while end_connections(ports[0]):
        await asyncio.sleep(0.05)  # those of other tests end in their own time
    capabilities.declare(ON_LAMBDA)
    monkeypatch.setenv("DATABASE_URL", address(ports[0]))
    client = await aiohttp_client(recipe.create_app())
    for number in range(3):
        async with client.get("/", params={"n": number}) as answer:
            assert (answer.status, await answer.text()) == (200, str(number + 1))
        assert end_connections(ports[0]) == 1, "one connection for an environment"


def end_connections(port: int) -> int:
    """End what other clients have, and return how many those were. The loop stands still."""
    with psycopg.connect(address(port), autocommit=True) as database:
        ended = database.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended is not None
    return int(ended[0])


PROGRAM = """
import asyncio, sys
from types import ModuleType
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from ferryman.core import capabilities
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES

async def main():
    capabilities.declare(CAPABILITIES)
    module = ModuleType("recipe")
    exec(sys.stdin.readline().encode().decode("unicode_escape"), vars(module))
    async with TestClient(TestServer(module.create_app())) as client:
        for number in range(2):
            async with client.get("/", params={"n": number}) as answer:
                print(answer.status, await answer.text(), flush=True)
            sys.stdin.readline()

asyncio.run(main())
"""


def test_sigstop_and_sigcont_cost_no_error(ports: tuple[int, int]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"DATABASE_URL": address(ports[0])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(RECIPES["with_asyncpg"].encode("unicode_escape").decode() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "200 1\n"
        os.kill(process.pid, signal.SIGSTOP)
        assert end_connections(ports[0]) >= 1
        process.stdin.write("\n")
        process.stdin.flush()
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout.readline() == "200 2\n"
        process.communicate("\n", timeout=30)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
