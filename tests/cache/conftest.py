"""The stores that every test of the contract runs on."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest
from tests.cache.servers import (
    PATIENCE,
    REGION,
    TABLE,
    TOKEN,
    credentials_for,
    make_table,
    moto_server,
    redis_server,
    upstash_front,
)

from ferryman.cache import Cache, open_cache

STORES = ("memory", "redis", "upstash", "ministack", "moto")


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture(scope="session")
def moto_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with moto_server(tmp_path_factory.mktemp("moto")) as port:
        make_table(port)
        yield port


@pytest.fixture(scope="session")
def ministack_table(ministack: int) -> int:
    make_table(ministack)
    return ministack


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take AWS out of the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
async def store_url(
    request: pytest.FixtureRequest, no_aws: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """Return the URL of the store that the test asks for by parameter."""
    kind = request.param
    if kind == "memory":
        yield "memory://"
    elif kind == "redis":
        yield f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}/0?{PATIENCE}"
    elif kind == "upstash":
        async with upstash_front(request.getfixturevalue("redis_port")) as port:
            yield f"upstash://:{TOKEN}@127.0.0.1:{port}?{PATIENCE}"
    else:
        fixture = "moto_port" if kind == "moto" else "ministack_table"
        for name, value in credentials_for(request.getfixturevalue(fixture)).items():
            no_aws.setenv(name, value)
        yield f"dynamodb://{TABLE}?region={REGION}&{PATIENCE}"


@pytest.fixture
async def cache(store_url: str) -> AsyncIterator[Cache]:
    async with open_cache(store_url) as cache:
        yield cache


@pytest.fixture
def key() -> Callable[[str], str]:
    """Return what makes a key of this test alone."""
    test = uuid4().hex
    return lambda name: f"{test}:{name}"
