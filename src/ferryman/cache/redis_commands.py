"""The contract in Redis' commands, for its own protocol and for HTTP.

Valkey responds alike. Operations that must be atomic are scripts, which both run atomically.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, TypeAlias

from ferryman.cache.contract import Cache
from ferryman.cache.counters import not_a_counter, out_of_range
from ferryman.cache.exceptions import (
    CacheConfigError,
    CacheError,
    CacheFull,
    CacheReadOnly,
    NotDone,
)

__all__ = ("Part", "RedisCommands", "refusal")

Part: TypeAlias = "str | bytes | int"

# A new counter gets its time to live with its first value.
_INCR = (
    "local new=redis.call('EXISTS',KEYS[1])==0 redis.call('INCRBY',KEYS[1],ARGV[1]) "
    "if new then redis.call('PEXPIRE',KEYS[1],ARGV[2]) end "
    "return redis.call('GET',KEYS[1])"  # as text, because Lua's numbers have 53 bits
)
_DELETE_IF = (
    "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0"
)

# Errors that mean that a command was not run and can be retried ("Redis error codes").
_LATER = ("LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "UNBLOCKED")
_CHECKED = "ferryman:check"


class RedisCommands(Cache):
    """Implements the contract with Redis' commands."""

    @abc.abstractmethod
    async def _command(self, *parts: Part, again: bool = True) -> Any:
        """Send a command and return its reply: bytes, a number, a list, or None.

        Args:
            parts: The command's words.
            again: Whether it may be sent again even if it may have been carried out.
        """

    async def check(self) -> None:
        """Check that the store responds and accepts writes; a full store passes."""
        try:
            await self._command("SET", _CHECKED, b"", "PX", 1)
        except CacheFull:
            return
        except CacheReadOnly as error:
            raise CacheConfigError(error.message, cause=error.cause, hint=error.hint) from error

    async def _get(self, key: str) -> bytes | None:
        found: bytes | None = await self._command("GET", key)
        return found

    async def _set(self, key: str, value: bytes, ttl: int | None) -> None:
        await self._command("SET", key, value, *_px(ttl))

    async def _add(self, key: str, value: bytes, ttl: int | None) -> bool:
        answer = await self._command("SET", key, value, "NX", *_px(ttl), again=False)
        return answer is not None

    async def _delete(self, key: str) -> None:
        await self._command("DEL", key)

    async def _delete_if(self, key: str, value: bytes) -> bool:
        deleted = await self._command("EVAL", _DELETE_IF, 1, key, value, again=False)
        return bool(deleted)

    async def _incr(self, key: str, by: int, ttl: int | None) -> int:
        try:
            if ttl is None:
                answer = await self._command("INCRBY", key, by, again=False)
            else:
                answer = await self._command("EVAL", _INCR, 1, key, by, ttl * 1000, again=False)
        except _Refused as error:
            if "overflow" in error.message:
                raise out_of_range(key) from error
            if "not an integer" in error.message or "WRONGTYPE" in error.message:
                raise not_a_counter(key) from error
            raise
        return int(answer)

    async def _expire(self, key: str, ttl: int) -> bool:
        return bool(await self._command("PEXPIRE", key, ttl * 1000))

    async def _milliseconds_left(self, key: str) -> int:
        return int(await self._command("PTTL", key))

    async def _get_many(self, keys: tuple[str, ...]) -> dict[str, bytes]:
        values = await self._command("MGET", *keys)
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

    async def _set_many(self, values: Mapping[str, bytes], ttl: int | None) -> None:
        for key, value in values.items():
            await self._set(key, value, ttl)


class _Refused(CacheError):
    """Redis refused the command itself."""


def refusal(command: str, said: str, where: str) -> NotDone:
    """Return the exception for an error of Redis, which never carries the command out.

    Args:
        command: The command's name.
        said: Redis' message, which begins with a code.
        where: The store's address, without a password.
    """
    code, what = said.partition(" ")[0], f"{command} at {where}"
    final: CacheError | CacheConfigError
    if code in _LATER:
        return NotDone(said)
    if code == "READONLY":
        final = CacheReadOnly(
            f"{what}: the store takes no writes",
            cause=said,
            hint="connect to the primary: a cluster's or Sentinel's address, not a replica's",
        )
    elif code == "OOM":
        final = CacheFull(
            f"{what}: the store is full",
            cause=said,
            hint="give it more memory, or set maxmemory-policy to allkeys-lru",
        )
    elif code in ("NOAUTH", "WRONGPASS", "NOPERM", "WRONGUSER") or "AUTH" in said:
        final = CacheConfigError(
            f"{what}: the store refuses the credentials ({code})",
            hint="look at the user and the password of the URL, and at the user's ACL",
        )
    elif code == "MOVED":
        final = CacheConfigError(
            f"{what}: the store is a node of a cluster, and the key is on another",
            hint="use an endpoint without cluster mode, or one with a proxy in front",
        )
    else:
        final = _Refused(f"{what}: {said}")
    return NotDone(said, final)


def _px(ttl: int | None) -> tuple[Part, ...]:
    return () if ttl is None else ("PX", ttl * 1000)
