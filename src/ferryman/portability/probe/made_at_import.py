"""Finds the clients, locks, pools and executors that the user's modules hold after import."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType, ModuleType

import aiohttp

from ferryman.building.target_misfits import is_client
from ferryman.portability.probe.user_code import UserCode

__all__ = ("made_at_import",)

# Packages with clients that `is_client`, which serves builds, does not know.
_BLOCKING = {"elasticsearch", "httpx", "psycopg2", "pymongo", "sqlalchemy"}
_WORDS = ("Client", "Connection", "Engine", "Pool", "Session")
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
    """Yield a module, a name in it, and the kind of object that the name holds."""
    for module, loaded in code.modules().items():
        for name, value in list(vars(loaded).items()):
            if isinstance(value, (ModuleType, FunctionType, type)):
                continue
            for held in (value, *_inside(module, value)):
                kind = _kind(held)
                if kind:
                    yield module, name, f"{kind}: {type(held).__name__}"
                    break


def _inside(module: str, value: object) -> Iterator[object]:
    """Yield the direct values of a dictionary, or of an object of the module's own class."""
    if type(value) is dict:
        yield from value.values()
    elif type(value).__module__ == module:
        yield from getattr(value, "__dict__", {}).values()


def _kind(value: object) -> str:
    """Return the noun for a client, lock, pool or executor; empty for other values."""
    known = next((noun for kind, noun in _KINDS if isinstance(value, kind)), "")
    kind = type(value)
    blocking = kind.__module__.partition(".")[0] in _BLOCKING and kind.__name__.endswith(_WORDS)
    return known or ("a client or a pool" if blocking or is_client(kind) else "")
