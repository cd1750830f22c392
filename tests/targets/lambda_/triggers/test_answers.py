"""Events whose sender waits for an answer, events of no known kind, and what comes with both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

import ferryman
from ferryman.cli.invoke import FIXTURES
from ferryman.core.context import RequestContext, current_context
from ferryman.core.deliveries import TriggerCutOff, TriggerFailed
from ferryman.core.errors import MalformedEvent
from ferryman.core.event_kinds import KINDS
from ferryman.core.loader import AppSource
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.invocation_context import InvocationContext

Event = Callable[..., dict[str, Any]]
HandlerOf = Callable[[AppSource], LambdaHandler]

ANSWERING = sorted(name for name, kind in KINDS.items() if kind.reply and name != "websocket")
ODD = [
    {},
    [],
    None,
    7,
    "text",
    {"nothing": "known"},
    [{"eventSource": "aws:unheard"}],
    {"Records": [{"eventSource": "aws:codecommit"}]},
    {"DurableExecutionArn": "arn", "CheckpointToken": "t", "InitialExecutionState": {}},
    {"source": "aws.cloudwatch", "alarmArn": "arn", "alarmData": {}},
]


def sample(name: str) -> Any:
    return json.loads(FIXTURES[name].read_text())


def app_with(triggers: dict[str, Any]) -> web.Application:
    app = web.Application()
    app[ferryman.triggers] = triggers
    return app


@pytest.mark.parametrize("name", ANSWERING)
def test_what_a_handler_returns_is_the_result(
    name: str, handler_of: HandlerOf, context: Any
) -> None:
    seen: list[Any] = []

    async def handle(_: web.Application, event: Any) -> Any:
        await asyncio.sleep(0)
        seen.append(event)
        return {"from": name}

    event = sample(name)
    assert handler_of(app_with({name: handle}))(event, context) == {"from": name}
    assert seen == ([event["Records"][0]] if name == "ses" else [event])


@pytest.mark.parametrize("event", ODD, ids=json.dumps)
def test_a_handler_for_anything_gets_the_rest(
    event: Any, handler_of: HandlerOf, context: Any
) -> None:
    async def handle(_: web.Application, given: Any) -> Any:
        return ["got", given]

    assert handler_of(app_with({"*": handle}))(event, context) == ["got", event]


def test_a_handler_of_its_own_goes_before_that_for_anything(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    async def rest(_: web.Application, _event: Any) -> str:
        return "rest"

    async def own(_: web.Application, _record: Any) -> None:
        pass

    handler = handler_of(app_with({"*": rest, "sqs": own}))
    assert handler(sample("sqs"), context) == {"batchItemFailures": []}
    assert handler(sample("sns"), context) == "rest"
    assert handler(event("/nowhere"), context)["statusCode"] == 404
    assert handler({"ferryman": "warm"}, context) == {"ferryman": "warm"}


def test_cognito_gets_its_event_back(handler_of: HandlerOf, context: Any) -> None:
    async def confirm(_: web.Application, event: Any) -> None:
        event["response"]["autoConfirmUser"] = True

    result = handler_of(app_with({"cognito": confirm}))(sample("cognito"), context)
    assert result["userName"] == "ada"
    assert result["response"]["autoConfirmUser"] is True


@pytest.mark.parametrize("name", ["authorizer", "*"])
def test_a_handler_s_own_error_is_what_the_sender_reads(
    name: str, handler_of: HandlerOf, context: Any
) -> None:
    class OutOfStock(Exception):
        """A state machine catches it by its name."""

    async def refuse(_: web.Application, _event: Any) -> None:
        raise OutOfStock("Unauthorized")

    with pytest.raises(OutOfStock, match=r"^Unauthorized$"):
        handler_of(app_with({name: refuse}))(sample("authorizer"), context)


def test_an_answer_that_takes_too_long_is_an_error(handler_of: HandlerOf, context: Any) -> None:
    async def sleep(_: web.Application, _event: Any) -> None:
        await asyncio.sleep(60)

    context.milliseconds = 300
    with pytest.raises(TriggerCutOff, match="lex: cut off at the time limit"):
        handler_of(app_with({"lex": sleep}))(sample("lex"), context)


@pytest.mark.parametrize(
    ("event", "kind", "records"),
    [
        (sample("sqs")["Records"], "sqs", 3),
        (sample("dynamodb")["Records"], "dynamodb", 3),
        ([{**r.pop("kinesis"), **r} for r in sample("kinesis")["Records"]], "kinesis", 3),
        (sample("kafka")["records"]["orders-0"], "kafka", 2),
    ],
    ids=["sqs", "dynamodb", "kinesis", "kafka"],
)
def test_a_list_of_a_pipe_is_of_the_kind_of_its_records(
    event: Any, kind: str, records: int, handler_of: HandlerOf, context: Any
) -> None:
    seen: list[Any] = []

    async def handle(_: web.Application, record: Any) -> None:
        seen.append(record)
        if len(seen) == records:
            raise ValueError("the last one")

    for record in event:
        record.setdefault("eventSource", "aws:kafka")
    result = handler_of(app_with({kind: handle}))(event, context)
    assert len(result["batchItemFailures"]) == 1
    assert len(seen) == records


def test_a_handler_for_pipes_gets_the_whole_list(handler_of: HandlerOf, context: Any) -> None:
    async def enrich(_: web.Application, event: Any) -> Any:
        return [{"order": record["messageId"]} for record in event]

    async def other(_: web.Application, _record: Any) -> None:
        pass

    event = sample("sqs")["Records"]
    result = handler_of(app_with({"pipes": enrich, "sqs": other}))(event, context)
    assert [each["order"][-1] for each in result] == ["1", "2", "3"]


def test_a_record_of_kafka_that_fails_is_named_with_the_rest_of_its_partition(
    handler_of: HandlerOf, context: Any
) -> None:
    async def handle(_: web.Application, record: Any) -> None:
        if record["offset"] == 15:
            raise ValueError("no such order")

    result = handler_of(app_with({"kafka": handle}))(sample("kafka"), context)
    assert [each["itemIdentifier"] for each in result["batchItemFailures"]] == [
        {"partition": "orders-0", "offset": 15},
        {"partition": "orders-0", "offset": 16},
    ]


@pytest.mark.parametrize("source", ["aws:mq", "aws:rmq", "aws:amq"])
def test_messages_of_both_brokers_reach_their_handler(
    source: str, handler_of: HandlerOf, context: Any
) -> None:
    seen: list[Any] = []

    async def handle(_: web.Application, record: Any) -> None:
        seen.append(record["data"])

    event = sample("mq") | {"eventSource": source}
    if source == "aws:mq":
        event["messages"] = event.pop("rmqMessagesByQueue")["orders::/"]
    if source == "aws:amq":
        event = [{**event["rmqMessagesByQueue"]["orders::/"][0], "eventSource": source}]
    assert handler_of(app_with({"mq": handle}))(event, context) == {}
    assert seen == ["eyJvcmRlciI6IDF9"]


def test_logs_come_unpacked(handler_of: HandlerOf, context: Any) -> None:
    seen: list[Any] = []

    async def handle(_: web.Application, logs: Any) -> None:
        seen.append([each["message"] for each in logs["logEvents"]])

    handler = handler_of(app_with({"logs": handle}))
    handler(sample("logs"), context)
    assert seen == [["ERROR order 7 has no address", "ERROR order 8 has no address"]]
    for data in ("H4sIAAAAAAAA", "not base64", "", 7, None):
        with pytest.raises(MalformedEvent, match="cannot be unpacked"):
            handler({"awslogs": {"data": data}}, context)


@pytest.mark.parametrize("fails", [1, 3])
def test_a_batch_that_fails_whole_can_fail_the_invocation(
    fails: int, handler_of: HandlerOf, context: Any
) -> None:
    async def handle(_: web.Application, record: Any) -> None:
        if int(record["messageId"][-1]) <= fails:
            raise ValueError("no such order")

    trigger = ferryman.Trigger(handle, raise_when_all_fail=True)
    handler = handler_of(app_with({"sqs": trigger}))
    if fails == 3:
        with pytest.raises(TriggerFailed, match="records not handled: 3 of 3"):
            handler(sample("sqs"), context)
    else:
        assert len(handler(sample("sqs"), context)["batchItemFailures"]) == 1


def test_an_invocation_can_be_asked_for_what_lambda_says_of_it(
    handler_of: HandlerOf, event: Event
) -> None:
    told: list[ferryman.Invocation | None] = []

    async def handle(_: web.Application, _event: Any) -> None:
        told.append(ferryman.invocation())

    context = SimpleNamespace(
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: 30_000,
        function_name="shop",
        function_version="7",
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:shop:live",
        memory_limit_in_mb="512",
        log_group_name="/aws/lambda/shop",
        log_stream_name="2025/11/23/[7]0123",
        tenant_id="blue",
        client_context=SimpleNamespace(custom={"a": "1"}, env=None, client=None),
        identity=None,
    )
    handler_of(app_with({"*": handle}))({"x": 1}, context)
    assert told == [
        ferryman.Invocation(
            "request-1",
            "shop",
            "7",
            "arn:aws:lambda:eu-west-1:123456789012:function:shop:live",
            512,
            "/aws/lambda/shop",
            "2025/11/23/[7]0123",
            "blue",
            {"client": None, "custom": {"a": "1"}, "env": None},
            None,
        )
    ]
    assert ferryman.invocation() is None


def test_on_managed_instances_the_same_is_read_of_headers_and_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048")
    headers = {
        "lambda-runtime-invoked-function-arn": "arn:shop",
        "lambda-runtime-aws-tenant-id": "blue",
        "lambda-runtime-client-context": '{"custom": {"a": "1"}}',
        "lambda-runtime-cognito-identity": json.dumps(
            {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}
        ),
    }
    known = RequestContext("request-1", told=InvocationContext(headers))
    token = current_context.set(known)
    try:
        told = ferryman.invocation()
    finally:
        current_context.reset(token)
    assert told is not None
    assert (told.function_name, told.memory, told.function_arn) == ("shop", 2048, "arn:shop")
    assert (told.tenant_id, told.client_context) == ("blue", {"custom": {"a": "1"}})
    assert told.identity == {"cognito_identity_id": "i", "cognito_identity_pool_id": "p"}
