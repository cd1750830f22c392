"""Events that are no HTTP requests, by way of the handler that Lambda calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

import ferryman
from ferryman.cli.invoke import FIXTURES
from ferryman.core.context import current_context
from ferryman.core.deliveries import TriggerCutOff, TriggerFailed
from ferryman.core.event_kinds import MalformedEvent
from ferryman.core.event_kinds import UnknownEvent as UnhandledEvent
from ferryman.core.loader import AppSource
from ferryman.targets.lambda_.runtime.handler import LambdaHandler

Event = Callable[..., dict[str, Any]]
HandlerOf = Callable[[AppSource], LambdaHandler]
Record = Mapping[str, Any]

PINGS = [
    {"ferryman": "warm"},
    {"warmup": True},
    {"source": "serverless-plugin-warmup"},
    {"source": "serverless-plugin-warmup", "warmup": True, "time": "2026-11-23T10:00:00Z"},
]


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(FIXTURES[name].read_text())
    return event


def app_with(**triggers: Any) -> web.Application:
    app = web.Application()
    app[ferryman.triggers] = triggers
    return app


def ids(answer: Any) -> list[str]:
    return [item["itemIdentifier"][-1] for item in answer["batchItemFailures"]]


@pytest.mark.parametrize(
    "name",
    ["sqs", "sqs-fifo", "sns", "s3", "dynamodb", "kinesis", "eventbridge", "schedule"],
)
def test_each_kind_reaches_its_handler(name: str, handler_of: HandlerOf, context: Any) -> None:
    seen: list[Record] = []

    async def handle(_: web.Application, record: Record) -> None:
        await asyncio.sleep(0)
        seen.append(record)

    event = sample(name)
    result = handler_of(app_with(**{name.removesuffix("-fifo"): handle}))(event, context)
    assert isinstance(result, dict)
    assert json.loads(json.dumps(result)) in ({}, {"batchItemFailures": []})
    assert sorted(map(json.dumps, seen)) == sorted(map(json.dumps, event.get("Records", [event])))


def test_failed_messages_alone_come_again(
    handler_of: HandlerOf, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def handle(_: web.Application, record: Record) -> None:
        if record["messageId"].endswith("2"):
            raise ValueError("no such order")

    assert ids(handler_of(app_with(sqs=handle))(sample("sqs"), context)) == ["2"]
    assert "ValueError: no such order" in caplog.text


def test_a_failure_that_no_answer_can_name_fails_the_invocation(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    async def handle(_: web.Application, record: Record) -> None:
        raise ValueError("no such order")

    handler = handler_of(app_with(sns=handle))
    with pytest.raises(TriggerFailed, match="the handler of 'sns' raised ValueError"):
        handler(sample("sns"), context)
    result: Any = handler(event("/"), context)
    assert result["statusCode"] == 404


@pytest.mark.parametrize("ping", PINGS, ids=json.dumps)
def test_a_ping_is_answered_without_the_app(
    ping: dict[str, Any], handler_of: HandlerOf, context: Any
) -> None:
    reached: list[Record] = []

    async def handle(_: web.Application, record: Record) -> None:
        reached.append(record)

    handler = handler_of(app_with(eventbridge=handle, schedule=handle))
    assert handler(ping, context) == {"ferryman": "warm"}
    assert reached == []


@pytest.mark.parametrize(
    "nearly",
    [{"warmup": False}, {"warmup": "yes"}, {"source": "warmup"}, {"ferryman": "cold"}, {"warm": 1}],
    ids=json.dumps,
)
def test_what_is_nearly_a_ping_is_unknown(
    nearly: dict[str, Any], handler_of: HandlerOf, context: Any
) -> None:
    with pytest.raises(UnhandledEvent):
        handler_of(app_with())(nearly, context)


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"nothing": "known"}, UnhandledEvent),
        ([], UnhandledEvent),
        (None, UnhandledEvent),
        (7, UnhandledEvent),
        (sample("s3"), UnhandledEvent),
        ({"Records": [{"eventSource": "aws:sqs"}]}, MalformedEvent),
        ({"Records": [{"eventSource": "aws:sqs", "messageId": []}]}, MalformedEvent),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_handled_is_an_error_and_the_next_event_works(
    broken: Any, error: type[Exception], handler_of: HandlerOf, context: Any
) -> None:
    async def handle(_: web.Application, record: Record) -> None: ...

    handler = handler_of(app_with(sqs=handle))
    with pytest.raises(error):
        handler(broken, context)
    assert ids(handler(sample("sqs"), context)) == []


def test_at_the_time_limit_what_is_not_handled_comes_again(
    handler_of: HandlerOf, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    cancelled: list[str] = []

    async def handle(_: web.Application, record: Record) -> None:
        if record["messageId"].endswith("1"):
            return
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(record["messageId"][-1])
            raise

    handler = handler_of(app_with(sqs=handle))
    context.milliseconds = 300
    assert ids(handler(sample("sqs"), context)) == ["2", "3"]
    assert sorted(cancelled) == ["2", "3"]
    assert "sqs: cut off at the time limit, records not handled: 2 of 3" in caplog.text


def test_at_the_time_limit_an_invocation_fails_where_no_answer_names_records(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    async def handle(_: web.Application, record: Record) -> None:
        await asyncio.Event().wait()

    handler = handler_of(app_with(schedule=handle))
    context.milliseconds = 300
    with pytest.raises(TriggerCutOff, match="records not handled: 1 of 1"):
        handler(sample("schedule"), context)
    context.milliseconds = 30_000
    result: Any = handler(event("/"), context)
    assert result["statusCode"] == 404


def test_a_handler_can_ask_what_an_http_handler_can(
    handler_of: HandlerOf, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3")
    seen: list[tuple[object, ...]] = []

    async def handle(_: web.Application, record: Record) -> None:
        known = current_context.get()
        assert known is not None
        left = ferryman.remaining_time()
        assert left is not None
        seen.append((known.request_id, known.trace, known.cold_start, 29 < left <= 30))

    handler = handler_of(app_with(eventbridge=handle))
    handler(sample("eventbridge"), context)
    handler(sample("eventbridge"), context)
    assert seen == [
        ("request-1", "Root=1-2-3", True, True),
        ("request-1", "Root=1-2-3", False, True),
    ]
    assert current_context.get() is None


def test_tasks_of_a_handler_finish_after_the_answer(handler_of: HandlerOf, context: Any) -> None:
    done: list[str] = []
    tasks: set[asyncio.Task[None]] = set()

    async def later() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        done.append("later")

    async def handle(_: web.Application, record: Record) -> None:
        tasks.add(asyncio.create_task(later()))

    handler_of(app_with(sns=handle))(sample("sns"), context)
    assert done == ["later"]


def test_no_http_request_is_taken_for_an_event(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    reached: list[Record] = []

    async def handle(_: web.Application, record: Record) -> None:
        reached.append(record)

    handler = handler_of(app_with(sqs=handle, eventbridge=handle))
    body = FIXTURES["sqs"].read_text()
    requests = [
        *(event(path, "POST", body=body) for path in ("/", "/-/events", "/events")),
        event("/") | sample("sqs"),
        event("/") | {"source": "shop", "detail-type": "Order Placed"} | {"warmup": True},
    ]
    results: list[Any] = [handler(request, context) for request in requests]
    assert [result["statusCode"] for result in results] == [404] * len(requests)
    assert reached == []
