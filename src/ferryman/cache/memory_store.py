"""The store in the memory of this process: for tests, for development, for one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ferryman.cache.clock import Clock
from ferryman.cache.contract import ABSENT, LASTING, Cache
from ferryman.cache.counters import number_of, raised

__all__ = ("MemoryStore",)

# Python's approximate overhead of an entry beside its key and value.
_OVERHEAD = 256


class _Entry(NamedTuple):
    value: bytes
    until: int | None  # in milliseconds


class MemoryStore(Cache):
    """Keeps values in this process, up to a size.

    The least recently used values are evicted first.

    Args:
        max_bytes: Its approximate maximum size.
        clock: The clock for expiry.
    """

    def __init__(self, max_bytes: int = 64 * 2**20, clock: Clock | None = None) -> None:
        self._max_bytes = max_bytes
        self._clock = clock or Clock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._size = 0

    @property
    def client(self) -> Any:
        """The entries."""
        return self._entries

    async def check(self) -> None:
        """Do nothing: memory is always available."""

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._size = 0

    async def _get(self, key: str) -> bytes | None:
        entry = self._live(key)
        return entry.value if entry else None

    async def _set(self, key: str, value: bytes, ttl: int | None) -> None:
        self._put(key, _Entry(value, self._until(ttl)))

    async def _add(self, key: str, value: bytes, ttl: int | None) -> bool:
        if self._live(key):
            return False
        self._put(key, _Entry(value, self._until(ttl)))
        return True

    async def _delete(self, key: str) -> None:
        self._drop(key)

    async def _delete_if(self, key: str, value: bytes) -> bool:
        entry = self._live(key)
        if entry is None or entry.value != value:
            return False
        self._drop(key)
        return True

    async def _incr(self, key: str, by: int, ttl: int | None) -> int:
        entry = self._live(key)
        before = number_of(key, entry.value) if entry else 0
        after = raised(key, before, by)
        until = entry.until if entry else self._until(ttl)
        self._put(key, _Entry(b"%d" % after, until))
        return after

    async def _expire(self, key: str, ttl: int) -> bool:
        entry = self._live(key)
        if entry is None:
            return False
        self._put(key, entry._replace(until=self._until(ttl)))
        return True

    async def _milliseconds_left(self, key: str) -> int:
        entry = self._live(key)
        if entry is None:
            return ABSENT
        if entry.until is None:
            return LASTING
        return max(1, entry.until - self._clock.milliseconds())

    async def _get_many(self, keys: tuple[str, ...]) -> dict[str, bytes]:
        found = ((key, self._live(key)) for key in keys)
        return {key: entry.value for key, entry in found if entry}

    async def _set_many(self, values: Mapping[str, bytes], ttl: int | None) -> None:
        for key, value in values.items():
            await self._set(key, value, ttl)

    def _until(self, ttl: int | None) -> int | None:
        return None if ttl is None else self._clock.milliseconds() + ttl * 1000

    def _live(self, key: str) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until is not None and entry.until <= self._clock.milliseconds():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def _put(self, key: str, entry: _Entry) -> None:
        self._drop(key)
        self._entries[key] = entry
        self._size += _size(key, entry)
        while self._size > self._max_bytes and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= _size(key, entry)


def _size(key: str, entry: _Entry) -> int:
    return _OVERHEAD + len(key) + len(entry.value)
