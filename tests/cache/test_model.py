"""Every store against a model of the contract: calls side by side, and time that passes.

Calls that run at the same time may be carried out in any order: the model keeps every state that
the answers allow, and none may be left over.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from itertools import permutations
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cache.passing_time import pass_time
from tests.cache.servers import PATIENCE, REGION, TABLE, TOKEN, credentials_for, upstash_front

from ferryman.cache import ABSENT, LASTING, CounterError, open_cache
from ferryman.cache.counters import number_of

KEYS = st.sampled_from(["a", "b"])
VALUES = st.sampled_from([b"", b"7", b"x", b"\xff\x00", b"-1"])
TTLS = st.sampled_from([None, 100, 1000])
OPERATIONS = st.one_of(
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("set"), KEYS, VALUES, TTLS),
    st.tuples(st.just("add"), KEYS, VALUES, TTLS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("delete_if"), KEYS, VALUES),
    st.tuples(st.just("incr"), KEYS, st.sampled_from([1, -3]), TTLS),
    st.tuples(st.just("expire"), KEYS, st.sampled_from([100, 1000])),
    st.tuples(st.just("ttl"), KEYS),
)
# Real time passes, too, but never fifty seconds between two calls.
STEPS = st.lists(
    st.one_of(st.lists(OPERATIONS, min_size=1, max_size=3), st.sampled_from([50, 150, 500])),
    min_size=4,
    max_size=14,
)

Operation: TypeAlias = tuple[Any, ...]
Steps: TypeAlias = list["list[Operation] | int"]


class Entry(NamedTuple):
    value: bytes
    left: int | None


State: TypeAlias = frozenset[tuple[str, Entry]]


def apply(state: State, operation: Operation) -> tuple[State, Any]:
    """Return the state after an operation, and its answer."""
    name, key, *rest = operation
    entries = dict(state)
    entry = entries.get(key)
    answer: Any = None
    match name:
        case "get":
            answer = entry.value if entry else None
        case "set":
            entries[key], answer = Entry(*rest), True
        case "add":
            answer = entry is None
            entries.setdefault(key, Entry(*rest))
        case "delete":
            entries.pop(key, None)
        case "delete_if":
            answer = entry is not None and entry.value == rest[0]
            if answer:
                del entries[key]
        case "incr":
            try:
                answer = (number_of(key, entry.value) if entry else 0) + rest[0]
                entries[key] = Entry(b"%d" % answer, entry.left if entry else rest[1])
            except CounterError:
                answer = CounterError
        case "expire":
            answer = entry is not None
            if entry:
                entries[key] = Entry(entry.value, rest[0])
        case "ttl":
            answer = ABSENT if entry is None else LASTING if entry.left is None else entry.left
    return frozenset(entries.items()), answer


def later(state: State, seconds: int) -> State:
    """Return a state after some time."""
    return frozenset(
        (key, Entry(value, left if left is None else left - seconds))
        for key, (value, left) in state
        if left is None or left > seconds
    )


def alike(operation: Operation, expected: Any, answer: Any) -> bool:
    if operation[0] == "ttl" and expected > 0:
        return bool(expected - 40 < answer <= expected)
    return bool(expected == answer)


def after(states: Iterable[State], operations: list[Operation], answers: list[Any]) -> set[State]:
    """Return the states in which these answers can have left the store, in some order."""
    found = set()
    for state in states:
        for order in permutations(range(len(operations))):
            now = state
            for number in order:
                now, expected = apply(now, operations[number])
                if not alike(operations[number], expected, answers[number]):
                    break
            else:
                found.add(now)
    return found


async def call(cache: Any, prefix: str, operation: Operation) -> Any:
    name, key, *rest = operation
    key = prefix + key
    try:
        match name:
            case "add":
                return await cache.set(key, *rest, only_if_absent=True)
            case "incr":
                return await cache.incr(key, rest[0], ttl=rest[1])
            case _:
                return await getattr(cache, name)(key, *rest)
    except CounterError:
        return CounterError


async def run(url: str, steps: Steps, redis_port: int | None, *, concurrently: bool = True) -> None:
    prefix = f"{uuid4().hex}:"
    states: set[State] = {frozenset()}
    async with open_cache(url) as cache:
        for step in steps:
            if isinstance(step, int):
                await pass_time(cache, step, redis_port)
                states = {later(state, step) for state in states}
                continue
            calls = [call(cache, prefix, each) for each in step]
            answers = await asyncio.gather(*calls) if concurrently else [await one for one in calls]
            before, states = states, after(states, step, answers)
            assert states, f"{step} cannot answer {answers} after {before}"
        for name in ("a", "b"):
            await cache.delete(prefix + name)


def modelled(examples: int) -> settings:
    quiet = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)
    return settings(max_examples=examples, deadline=None, suppress_health_check=quiet)


@modelled(200)
@given(steps=STEPS)
def test_memory(steps: Steps) -> None:
    asyncio.run(run("memory://", steps, None))


@modelled(60)
@given(steps=STEPS)
def test_redis(redis_port: int, steps: Steps) -> None:
    asyncio.run(run(f"redis://127.0.0.1:{redis_port}/0?{PATIENCE}", steps, redis_port))


@modelled(40)
@given(steps=STEPS)
def test_upstash(redis_port: int, steps: Steps) -> None:
    async def through_the_front() -> None:
        async with upstash_front(redis_port) as port:
            await run(f"upstash://:{TOKEN}@127.0.0.1:{port}?{PATIENCE}", steps, redis_port)

    asyncio.run(through_the_front())


@pytest.mark.parametrize("stand_in", ["ministack_table", "moto_port"])
def test_dynamodb(stand_in: str, request: pytest.FixtureRequest, no_aws: Any) -> None:
    for name, value in credentials_for(request.getfixturevalue(stand_in)).items():
        no_aws.setenv(name, value)
    assert os.environ["AWS_ENDPOINT_URL"]

    # moto changes an item in several threads with no lock: an increment can be lost there.
    locked = stand_in != "moto_port"

    @modelled(30)
    @given(steps=STEPS)
    def every(steps: Steps) -> None:
        url = f"dynamodb://{TABLE}?region={REGION}&{PATIENCE}"
        asyncio.run(run(url, steps, None, concurrently=locked))

    every()
