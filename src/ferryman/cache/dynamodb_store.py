"""The store in a DynamoDB table, which needs no server, no pool and no VPC.

An item has the attributes `key`, `value` or `number`, `until_ms` and `expires_at`. DynamoDB deletes
items by the last one, hours late; until then `until_ms` shows that an item has expired. A counter
is stored as a number, which DynamoDB increments atomically.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import aiohttp

from ferryman.cache.clock import Clock
from ferryman.cache.contract import ABSENT, LASTING, Cache
from ferryman.cache.counters import number_of, out_of_range, raised
from ferryman.cache.declared import COUNTER_HIGH, COUNTER_LOW
from ferryman.cache.dynamodb_refusals import ConditionFailed, carried_out_or_not
from ferryman.cache.exceptions import (
    CacheConfigError,
    CacheUnavailable,
    CounterError,
    Cut,
    NotDone,
)
from ferryman.cache.http_exchange import HttpExchange
from ferryman.cache.resending import ATTEMPTS, send
from ferryman.cache.urls import StoreUrl
from ferryman.core.aws.credentials import CredentialSource, NoCredentials
from ferryman.core.aws.endpoints import region_of
from ferryman.core.aws.json_service import DYNAMODB, AwsRefusal, DamagedAnswer, JsonService

__all__ = ("DynamoDbStore", "open_dynamodb")

# The most items of "BatchGetItem" and "BatchWriteItem".
_READ_AT_ONCE, _WRITTEN_AT_ONCE = 100, 25
_CHECKED = "ferryman:check"
_RACES = 50
"""How often `incr` retries because others changed the counter in between."""

_NAMES = {
    "#k": "key",
    "#v": "value",
    "#n": "number",
    "#u": "until_ms",
    "#e": "expires_at",
}
_LIVE = "(attribute_not_exists(#u) OR #u > :now)"
_GONE = "(attribute_not_exists(#k) OR #u <= :now)"

Item = Mapping[str, Mapping[str, str]]


def open_dynamodb(
    url: StoreUrl,
    session: aiohttp.ClientSession | None,
    timeout: float,
    clock: Clock,
    environment: Mapping[str, str],
) -> DynamoDbStore:
    """Open the table of a URL.

    Raises:
        CacheConfigError: There is no region.
    """
    region = url.options.get("region") or region_of(environment)
    if not region:
        raise CacheConfigError(
            f"the cache {url.shown} has no region",
            hint="write it in the URL, dynamodb://table?region=eu-central-1, or set AWS_REGION",
        )
    exchange = HttpExchange(session, timeout, clock)
    service = JsonService(
        DYNAMODB, region, _Credentials(exchange, environment), exchange.post, environment
    )
    consistent = url.options.get("consistent", "true").lower() not in ("false", "0", "no")
    return DynamoDbStore(url.name, service, exchange, clock, consistent=consistent)


class _Credentials(CredentialSource):
    """Finds credentials with the exchange's present session."""

    def __init__(self, exchange: HttpExchange, environment: Mapping[str, str]) -> None:
        super().__init__(exchange.session, environment)
        self._exchange = exchange

    async def _find(self) -> Any:
        self._session = self._exchange.session
        return await super()._find()


class DynamoDbStore(Cache):
    """Keeps values in items.

    Args:
        table: The table's name.
        service: Calls DynamoDB.
        exchange: The HTTP exchange of the service.
        clock: Decides what has expired.
        consistent: Whether reads see all earlier writes; inconsistent reads cost half.
    """

    def __init__(
        self,
        table: str,
        service: JsonService,
        exchange: HttpExchange,
        clock: Clock,
        *,
        consistent: bool = True,
    ) -> None:
        self._table = table
        self._service = service
        self._exchange = exchange
        self._clock = clock
        self._consistent = consistent

    @property
    def client(self) -> Any:
        """The client for DynamoDB: `await cache.client.call("Query", {...})`."""
        return self._service

    async def close(self) -> None:
        """Close the session, if it is the store's own."""
        await self._exchange.close()

    async def check(self) -> None:
        """Check that the table exists, has the key `key`, and can be read."""
        await self._read(_CHECKED)

    async def _get(self, key: str) -> bytes | None:
        item = await self._read(key)
        return _value(item) if item else None

    async def _set(self, key: str, value: bytes, ttl: int | None) -> None:
        await self._call("PutItem", {"Item": self._item(key, value, ttl)})

    async def _add(self, key: str, value: bytes, ttl: int | None) -> bool:
        asked = {
            "Item": self._item(key, value, ttl),
            **self._condition(_GONE, "#k", "#u"),
        }
        return await self._done("PutItem", asked, again=False)

    async def _delete(self, key: str) -> None:
        await self._call("DeleteItem", {"Key": _key(key)})

    async def _delete_if(self, key: str, value: bytes) -> bool:
        same, values = "#v = :v", {":v": _binary(value)}
        try:
            values[":n"] = {"N": str(number_of(key, value))}
            same = f"({same} OR #n = :n)"
        except CounterError:
            pass
        names = ("#v", "#u", *(("#n",) if ":n" in values else ()))
        asked = {"Key": _key(key), **self._condition(f"{same} AND {_LIVE}", *names, **values)}
        return await self._done("DeleteItem", asked, again=False)

    async def _expire(self, key: str, ttl: int) -> bool:
        until, expires = self._until(ttl)
        asked = {
            "Key": _key(key),
            "UpdateExpression": "SET #u = :u, #e = :e",
            **self._condition(
                f"attribute_exists(#k) AND {_LIVE}",
                *("#k", "#u", "#e"),
                **{":u": until, ":e": expires},
            ),
        }
        return await self._done("UpdateItem", asked, again=True)

    async def _milliseconds_left(self, key: str) -> int:
        item = await self._read(key)
        if item is None:
            return ABSENT
        if "until_ms" not in item:
            return LASTING
        return max(1, int(item["until_ms"]["N"]) - self._clock.milliseconds())

    async def _incr(self, key: str, by: int, ttl: int | None) -> int:
        for _ in range(_RACES):
            try:
                return await self._raise_counter(key, by)
            except ConditionFailed:
                item = await self._read(key, consistent=True)
            try:
                if item is None:
                    return await self._begin_counter(key, by, ttl)
                before = number_of(key, _value(item))
                after = raised(key, before, by)
                if "number" not in item:
                    return await self._turn_into_counter(key, item, after)
            except ConditionFailed:
                continue  # another was faster
        raise CacheUnavailable(
            f"incr at {self._where}: others changed {key!r} each time between look and write",
            hint="try again, or spread the count over several keys",
        )

    async def _raise_counter(self, key: str, by: int) -> int:
        low, high = max(COUNTER_LOW, COUNTER_LOW - by), min(COUNTER_HIGH, COUNTER_HIGH - by)
        if low > high:
            raise out_of_range(key)
        return await self._update_counter(
            key,
            "SET #n = #n + :by",
            f"attribute_exists(#n) AND {_LIVE} AND #n BETWEEN :low AND :high",
            *("#n", "#u"),
            **{":by": _number(by), ":low": _number(low), ":high": _number(high)},
        )

    async def _begin_counter(self, key: str, by: int, ttl: int | None) -> int:
        names, values = ["#k", "#n", "#v", "#u"], {":by": _number(by)}
        setting, leaving = "SET #n = :by", "REMOVE #v"
        if ttl is None:
            leaving += ", #u, #e"
        else:
            setting += ", #u = :u, #e = :e"
            values[":u"], values[":e"] = self._until(ttl)
        names.append("#e")
        return await self._update_counter(key, f"{setting} {leaving}", _GONE, *names, **values)

    async def _turn_into_counter(self, key: str, item: Item, after: int) -> int:
        return await self._update_counter(
            key,
            "SET #n = :after REMOVE #v",
            f"#v = :v AND {_LIVE}",
            *("#n", "#v", "#u"),
            **{":after": _number(after), ":v": dict(item["value"])},
        )

    async def _update_counter(
        self, key: str, update: str, condition: str, *names: str, **values: Mapping[str, str]
    ) -> int:
        asked = {
            "Key": _key(key),
            "UpdateExpression": update,
            "ReturnValues": "ALL_NEW",
            **self._condition(condition, *names, **values),
        }
        answer = await self._call("UpdateItem", asked, again=False)
        return int(answer["Attributes"]["number"]["N"])

    async def _get_many(self, keys: tuple[str, ...]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for some in _parts(keys, _READ_AT_ONCE):
            asked: Any = {"Keys": [_key(key) for key in some], "ConsistentRead": self._consistent}
            async for answer in self._batch("BatchGetItem", asked, "UnprocessedKeys"):
                for item in answer.get("Responses", {}).get(self._table, ()):
                    if self._is_live(item):
                        found[item["key"]["S"]] = _value(item)
        return {key: found[key] for key in keys if key in found}

    async def _set_many(self, values: Mapping[str, bytes], ttl: int | None) -> None:
        for some in _parts(tuple(values), _WRITTEN_AT_ONCE):
            puts = [{"PutRequest": {"Item": self._item(key, values[key], ttl)}} for key in some]
            async for _ in self._batch("BatchWriteItem", puts, "UnprocessedItems"):
                pass

    async def _batch(self, operation: str, asked: Any, left: str) -> Any:
        """Yield the responses of a batch, requesting unprocessed items again."""
        rest, fruitless = {self._table: asked}, 0
        while rest:
            answer = await self._call(operation, {"RequestItems": rest}, table=False)
            yield answer
            before, rest = rest, answer.get(left) or {}
            fruitless = fruitless + 1 if rest == before else 0
            if fruitless >= ATTEMPTS:
                raise CacheUnavailable(
                    f"{operation} at {self._where}: DynamoDB leaves items undone",
                    hint="the table's capacity is used up: raise it, or use on-demand mode",
                )
            if rest:
                await asyncio.sleep(0.05 * 2**fruitless)

    @property
    def _where(self) -> str:
        return f"dynamodb://{self._table}"

    async def _read(self, key: str, *, consistent: bool = False) -> Item | None:
        asked = {"Key": _key(key), "ConsistentRead": consistent or self._consistent}
        answer = await self._call("GetItem", asked)
        item: Item | None = answer.get("Item")
        return item if item and self._is_live(item) else None

    async def _done(self, operation: str, asked: Mapping[str, Any], *, again: bool) -> bool:
        """Call a conditional operation, and return whether the condition held."""
        try:
            await self._call(operation, asked, again=again)
        except ConditionFailed:
            return False
        return True

    async def _call(
        self, operation: str, asked: Mapping[str, Any], *, again: bool = True, table: bool = True
    ) -> dict[str, Any]:
        named = {"TableName": self._table, **asked} if table else asked
        return await send(
            f"{operation} at {self._where}", partial(self._once, operation, named), again=again
        )

    async def _once(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._service.call(operation, asked)
        except AwsRefusal as error:
            raise carried_out_or_not(error, operation, self._table, self._service) from error
        except DamagedAnswer as error:
            raise Cut(f"the answer was damaged: {error}") from error
        except NoCredentials as error:
            raise NotDone(
                str(error),
                CacheUnavailable(
                    f"{operation} at {self._where}: there are no credentials",
                    cause=str(error),
                    hint="give the function, pod or server a role, or set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY",
                ),
            ) from error

    def _item(self, key: str, value: bytes, ttl: int | None) -> dict[str, dict[str, str]]:
        item = {"key": {"S": key}, "value": _binary(value)}
        if ttl is not None:
            item["until_ms"], item["expires_at"] = self._until(ttl)
        return item

    def _until(self, ttl: int) -> tuple[dict[str, str], dict[str, str]]:
        """Return the end of a time to live: in milliseconds, and in seconds for DynamoDB."""
        until = self._clock.milliseconds() + ttl * 1000
        return _number(until), _number(-(-until // 1000))

    def _is_live(self, item: Item) -> bool:
        return "until_ms" not in item or int(item["until_ms"]["N"]) > self._clock.milliseconds()

    def _condition(
        self, condition: str, *names: str, **values: Mapping[str, str]
    ) -> dict[str, Any]:
        now = {":now": _number(self._clock.milliseconds())}
        return {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {name: _NAMES[name] for name in names},
            "ExpressionAttributeValues": {**now, **values},
        }


def _key(key: str) -> dict[str, dict[str, str]]:
    return {"key": {"S": key}}


def _number(number: int) -> dict[str, str]:
    return {"N": str(number)}


def _binary(value: bytes) -> dict[str, str]:
    return {"B": base64.b64encode(value).decode()}


def _value(item: Item) -> bytes:
    if "number" in item:
        return item["number"]["N"].encode()
    return base64.b64decode(item["value"]["B"])


def _parts(keys: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
