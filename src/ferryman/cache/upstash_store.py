"""The store in Upstash's Redis, over HTTPS: no VPC, no pool, nothing to install.

The same database is available at `rediss://`, with the same bytes. Source: "REST API" in
Upstash's documentation.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from ferryman.cache.clock import Clock
from ferryman.cache.exceptions import CacheConfigError, Cut, NotDone
from ferryman.cache.http_exchange import HttpExchange
from ferryman.cache.redis_commands import Part, RedisCommands, refusal
from ferryman.cache.resending import send
from ferryman.cache.urls import StoreUrl

__all__ = ("UpstashStore", "open_upstash")

_TOKEN = "UPSTASH_REDIS_REST_TOKEN"  # noqa: S105 - the name of a variable
_SETS_AT_ONCE = 10


def open_upstash(
    url: StoreUrl,
    session: aiohttp.ClientSession | None,
    timeout: float,
    clock: Clock,
    environment: Mapping[str, str],
) -> UpstashStore:
    """Open the store of a URL.

    Raises:
        CacheConfigError: There is no token.
    """
    token = url.password or environment.get(_TOKEN)
    if not token:
        raise CacheConfigError(
            f"the cache {url.shown} has no token",
            hint=f"set {_TOKEN}, or write it in the URL: upstash://:token@{url.name}",
        )
    scheme = "http" if url.name in ("127.0.0.1", "localhost", "[::1]") else "https"
    port = f":{url.port}" if url.port else ""
    exchange = HttpExchange(session, timeout, clock)
    return UpstashStore(URL(f"{scheme}://{url.name}{port}/"), token, url.shown, exchange)


class UpstashStore(RedisCommands):
    """Sends commands by HTTP POST.

    Args:
        address: The database's address.
        token: The database's token.
        shown: The address for people.
        exchange: Sends the requests.
    """

    def __init__(self, address: URL, token: str, shown: str, exchange: HttpExchange) -> None:
        self._address = address
        self._where = shown
        self._exchange = exchange
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Upstash-Encoding": "base64",
        }

    @property
    def client(self) -> Any:
        """The session that sends the commands."""
        return self._exchange.session

    async def close(self) -> None:
        """Close the session, if it is the store's own."""
        await self._exchange.close()

    async def _command(self, *parts: Part, again: bool = True) -> Any:
        what = f"{parts[0]!s} at {self._where}"
        return await send(what, partial(self._post, parts), again=again)

    async def _set_many(self, values: Mapping[str, bytes], ttl: int | None) -> None:
        free = asyncio.Semaphore(_SETS_AT_ONCE)

        async def one(key: str, value: bytes) -> None:
            async with free:
                await self._set(key, value, ttl)

        async with asyncio.TaskGroup() as group:
            for key, value in values.items():
                group.create_task(one(key, value))

    async def _post(self, parts: tuple[Part, ...]) -> Any:
        address, body = _request(self._address, parts)
        answer = await self._exchange.post(address, self._headers, body)
        try:
            found = json.loads(answer.body)
            said, result = found.get("error"), found.get("result")
        except (ValueError, AttributeError) as error:
            raise Cut(f"it answered {answer.status}, and no JSON") from error
        if answer.status >= 500:
            raise Cut(f"it answered {answer.status}: {said}")
        if answer.status == 401:
            raise NotDone("401", self._wrong_token())
        if answer.status == 429 or (said and "max requests limit" in said):
            raise NotDone(f"it answered {answer.status}: {said}")
        if answer.status != 200 or said:
            raise refusal(str(parts[0]), said or f"HTTP {answer.status}", self._where)
        return _decoded(result)

    def _wrong_token(self) -> CacheConfigError:
        return CacheConfigError(
            f"{self._where} refuses the token",
            hint="take UPSTASH_REDIS_REST_TOKEN from the database's page, not the read-only one",
        )


def _request(address: URL, parts: tuple[Part, ...]) -> tuple[URL, bytes]:
    """Return the URL and the body of a command's request.

    Most commands are sent as a JSON array. If the value is not valid text, it is sent as the body,
    which Upstash appends as the command's last argument.
    """
    try:
        texts = [part.decode() if isinstance(part, bytes) else part for part in parts]
        return address, json.dumps(texts).encode()
    except UnicodeDecodeError:
        pass
    words, value = _value_last(parts)
    path = "/".join(quote(str(word), safe="") for word in words)
    return URL(f"{address}{path}", encoded=True), value


def _value_last(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], bytes]:
    if parts[0] == "EVAL":
        *words, value = parts
    else:
        _, key, value, *others = parts
        options = [each for each in others if not isinstance(each, bytes)]
        if "NX" in options:
            script = f"return redis.call('SET',KEYS[1],ARGV[1],{_quoted(options)})"
            words = ["EVAL", script, 1, key]
        elif options:
            words = ["PSETEX", key, options[-1]]
        else:
            words = ["SET", key]
    assert isinstance(value, bytes)
    return tuple(words), value


def _quoted(options: list[str | int]) -> str:
    return ",".join(f"'{option!s}'" for option in options)  # our own words and a number


def _decoded(result: Any) -> Any:
    """Return Redis' reply, with strings decoded to bytes from base64, except for `OK`."""
    if isinstance(result, list):
        return [_decoded(each) for each in result]
    if not isinstance(result, str):
        return result
    return b"OK" if result == "OK" else base64.b64decode(result)
