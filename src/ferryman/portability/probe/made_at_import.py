"""The clients, locks, pools and executors that the user's modules hold once they are imported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType, ModuleType

import aiohttp

from ferryman.portability.probe.user_code import UserCode

__all__ = ("made_at_import",)

# Packages whose clients, pools and sessions belong to an event loop, or to a connection.
_PACKAGES = {
    *("aiobotocore", "aiokafka", "aiomysql", "aiopg", "aio_pika", "asyncmy", "asyncpg", "coredis"),
    *("elasticsearch", "httpx", "motor", "nats", "psycopg", "psycopg2", "psycopg_pool", "pymongo"),
    *("redis", "sqlalchemy", "valkey"),
}
_WORDS = ("Client", "Connection", "Engine", "Pool", "Producer", "Consumer", "Redis", "Session")
_KINDS: tuple[tuple[type, str], ...] = (
    (aiohttp.ClientSession, "a client"),
    (aiohttp.BaseConnector, "a client's connector"),
    (asyncio.Lock, "a lock"),
    (asyncio.Semaphore, "a lock"),
    (asyncio.Condition, "a lock"),
    (asyncio.Queue, "a queue"),
    (asyncio.Event, "an event"),
    (ThreadPoolExecutor, "an executor"),
)


def made_at_import(code: UserCode) -> Iterator[tuple[str, str, str]]:
    """Yield the module, the name in it, and what it holds there."""
    for module, loaded in code.modules().items():
        for name, value in list(vars(loaded).items()):
            if isinstance(value, (ModuleType, FunctionType, type)):
                continue
            for each in (value, *_inside(module, value)):
                kind = _kind(each)
                if kind:
                    yield module, name, f"{kind}: {type(each).__name__}"
                    break


def _inside(module: str, value: object) -> Iterator[object]:
    """Yield what a dictionary, or an object of the module's own class, holds directly."""
    if type(value) is dict:
        yield from value.values()
    elif type(value).__module__ == module:
        yield from getattr(value, "__dict__", {}).values()


def _kind(value: object) -> str:
    known = next((words for kind, words in _KINDS if isinstance(value, kind)), "")
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if not known and package in _PACKAGES and kind.__name__.endswith(_WORDS):
        return "a client or a pool"
    return known
