"""The contract: the methods of every store, and their limits.

The public methods check their arguments and call the store's own methods, which have the same names
with an underscore.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import Any

from ferryman.cache.declared import check_increment, check_key, check_ttl, check_value

__all__ = ("ABSENT", "LASTING", "Cache")

LASTING = -1
"""What `ttl` returns for a key that never expires."""

ABSENT = -2
"""What `ttl` returns for a missing key."""


class Cache(abc.ABC):
    """A store of bytes by key.

    Each method may raise `CacheUnavailable`; those that must not be sent twice may raise
    `CacheUncertain`. A key, a value or a time beyond the limits raises `CacheLimitError` before
    anything is sent.
    """

    @property
    @abc.abstractmethod
    def client(self) -> Any:
        """The store's own client, for operations outside the contract.

        Code that uses it does not move to another store.
        """

    async def get(self, key: str) -> bytes | None:
        """Return the value of a key, or None."""
        check_key(key)
        return await self._get(key)

    async def set(
        self, key: str, value: bytes, ttl: int | None = None, *, only_if_absent: bool = False
    ) -> bool:
        """Set the value of a key, with a new time to live, and return whether it was set.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds until it expires; None: it stays until it is deleted or evicted.
            only_if_absent: Keep an existing value, and return False.

        Raises:
            CacheUncertain: The response did not arrive; only with `only_if_absent`.
        """
        check_key(key)
        check_value(key, value)
        check_ttl(ttl)
        if only_if_absent:
            return await self._add(key, value, ttl)
        await self._set(key, value, ttl)
        return True

    async def delete(self, key: str) -> None:
        """Delete a key. A missing key is not an error."""
        check_key(key)
        await self._delete(key)

    async def delete_if(self, key: str, value: bytes) -> bool:
        """Delete a key if it has this value, and return whether it had.

        Raises:
            CacheUncertain: The response did not arrive.
        """
        check_key(key)
        check_value(key, value)
        return await self._delete_if(key, value)

    async def incr(self, key: str, by: int = 1, ttl: int | None = None) -> int:
        """Add to a counter and return its new value. A missing counter starts at 0.

        Args:
            key: The key. Its value is the number in decimal digits.
            by: The increment; it may be negative.
            ttl: Seconds until a new counter expires. An existing counter keeps its time to live.

        Raises:
            CounterError: The value is not a whole number of 64 bits, or would leave that range.
            CacheUncertain: The response did not arrive.
        """
        check_key(key)
        check_increment(by)
        check_ttl(ttl)
        return await self._incr(key, by, ttl)

    async def expire(self, key: str, ttl: int) -> bool:
        """Give a key a new time to live, and return whether it exists."""
        check_key(key)
        check_ttl(ttl)
        return await self._expire(key, ttl)

    async def ttl(self, key: str) -> int:
        """Return the seconds that a key lives on, rounded up; `LASTING` or `ABSENT`."""
        check_key(key)
        left = await self._milliseconds_left(key)
        return left if left < 0 else max(1, -(-left // 1000))

    async def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values of the existing keys. The read is not atomic."""
        asked = tuple(dict.fromkeys(keys))
        for key in asked:
            check_key(key)
        return await self._get_many(asked) if asked else {}

    async def set_many(self, values: Mapping[str, bytes], ttl: int | None = None) -> None:
        """Set several keys. If it raises, some of them may be set."""
        for key, value in values.items():
            check_key(key)
            check_value(key, value)
        check_ttl(ttl)
        if values:
            await self._set_many(values, ttl)

    @abc.abstractmethod
    async def check(self) -> None:
        """Check that the store responds and is suitable for a cache.

        Raises:
            CacheConfigError: The store is not suitable; the configuration must change.
            CacheUnavailable: The store does not respond.
        """

    @abc.abstractmethod
    async def close(self) -> None:
        """Close the store's connections."""

    @abc.abstractmethod
    async def _get(self, key: str) -> bytes | None: ...

    @abc.abstractmethod
    async def _set(self, key: str, value: bytes, ttl: int | None) -> None: ...

    @abc.abstractmethod
    async def _add(self, key: str, value: bytes, ttl: int | None) -> bool: ...

    @abc.abstractmethod
    async def _delete(self, key: str) -> None: ...

    @abc.abstractmethod
    async def _delete_if(self, key: str, value: bytes) -> bool: ...

    @abc.abstractmethod
    async def _incr(self, key: str, by: int, ttl: int | None) -> int: ...

    @abc.abstractmethod
    async def _expire(self, key: str, ttl: int) -> bool: ...

    @abc.abstractmethod
    async def _milliseconds_left(self, key: str) -> int: ...

    @abc.abstractmethod
    async def _get_many(self, keys: tuple[str, ...]) -> dict[str, bytes]: ...

    @abc.abstractmethod
    async def _set_many(self, values: Mapping[str, bytes], ttl: int | None) -> None: ...
