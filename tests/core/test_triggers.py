"""What an app registers for events, which handler gets which, and the guarded route."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient, AiohttpServer

import ferryman
from ferryman.cli.invoke import FIXTURES
from ferryman.core.deliveries import TriggerFailed
from ferryman.core.errors import ConfigError
from ferryman.core.event_kinds import MalformedEvent, UnknownEvent
from ferryman.core.triggers import TriggersWrong, deliver, open_delivery

Seen = list[tuple[web.Application, Mapping[str, Any]]]

TOKEN = "3f8a96d0b1c74e52"


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(FIXTURES[name].read_text())
    return event


class Handler:
    """A handler that notes what it got, and from which application."""

    def __init__(self) -> None:
        self.seen: Seen = []

    async def __call__(self, app: web.Application, record: Mapping[str, Any]) -> None:
        self.seen.append((app, record))


async def broken(_app: web.Application, _record: Mapping[str, Any]) -> None:
    raise ValueError("the password is hunter2")


def app_with(triggers: Any) -> web.Application:
    app = web.Application()
    app[ferryman.triggers] = triggers
    return app


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("sqs", {"batchItemFailures": []}),
        ("sqs-fifo", {"batchItemFailures": []}),
        ("kinesis", {"batchItemFailures": []}),
        ("dynamodb", {"batchItemFailures": []}),
        ("sns", {}),
        ("s3", {}),
    ],
)
async def test_a_handler_gets_one_record_at_a_time_and_its_application(
    name: str, answer: dict[str, Any]
) -> None:
    handler = Handler()
    app = app_with({name.removesuffix("-fifo"): handler})
    event = sample(name)
    assert await deliver(app, event) == answer
    assert (
        sorted((record for _, record in handler.seen), key=event["Records"].index)
        == (event["Records"])
    )
    assert {given for given, _ in handler.seen} == {app}


@pytest.mark.parametrize("name", ["eventbridge", "schedule"])
async def test_a_kind_without_records_brings_the_event(name: str) -> None:
    handler = Handler()
    app = app_with({name: handler})
    assert await deliver(app, sample(name)) == {}
    assert handler.seen == [(app, sample(name))]


async def test_a_schedule_goes_to_the_handler_for_eventbridge_if_it_has_none() -> None:
    bridge, clock = Handler(), Handler()
    await deliver(app_with({"eventbridge": bridge}), sample("schedule"))
    assert len(bridge.seen) == 1
    await deliver(app_with({"eventbridge": bridge, "schedule": clock}), sample("schedule"))
    assert (len(bridge.seen), len(clock.seen)) == (1, 1)


async def test_a_subapp_registers_too_and_is_what_its_handler_gets() -> None:
    handler = Handler()
    app, outer, inner = web.Application(), web.Application(), app_with({"s3": handler})
    outer.add_subapp("/inner", inner)
    app.add_domain("shop.example.com", outer)
    app[ferryman.triggers] = {"sqs": Handler()}
    await deliver(app, sample("s3"))
    assert [given for given, _ in handler.seen] == [inner]


def test_two_applications_with_a_handler_for_one_kind_are_refused() -> None:
    app = app_with({"sqs": Handler(), "sns": Handler()})
    app.add_subapp("/sub", app_with({"sqs": Handler()}))
    with pytest.raises(TriggersWrong, match="two applications register a handler for 'sqs'"):
        open_delivery(app, sample("sqs"))
    open_delivery(app, sample("sns"))


@pytest.mark.parametrize(
    ("triggers", "cause"),
    [
        (None, "it registers none for any kind"),
        ({}, "it registers none for any kind"),
        ({"sns": broken, "s3": broken}, "it registers s3, sns"),
    ],
)
def test_a_kind_without_a_handler_is_unknown_and_the_key_is_named(
    triggers: object, cause: str
) -> None:
    app = web.Application() if triggers is None else app_with(triggers)
    with pytest.raises(UnknownEvent) as caught:
        open_delivery(app, sample("sqs"))
    assert caught.value.message == "the application has no handler for events of the kind 'sqs'"
    assert caught.value.cause == cause
    assert caught.value.hint == 'register one: app[ferryman.triggers] = {"sqs": handler}'


@pytest.mark.parametrize(
    ("triggers", "said"),
    [
        ([], "app[ferryman.triggers] is of type list"),
        ({"sqss": broken}, "a handler for 'sqss', which is not a kind of event"),
        ({"sqs": None}, "the handler for 'sqs' in app[ferryman.triggers] is not a function"),
        ({"sqs": ferryman.Trigger(broken, concurrency=0)}, "the concurrency for 'sqs'"),
    ],
)
def test_what_cannot_be_used_is_told(triggers: object, said: str) -> None:
    with pytest.raises(TriggersWrong) as caught:
        open_delivery(app_with(triggers), sample("sqs"))
    assert said in caught.value.message


async def test_no_record_is_handled_where_one_has_no_id() -> None:
    handler = Handler()
    event = sample("sqs")
    del event["Records"][2]["messageId"]
    with pytest.raises(MalformedEvent):
        await deliver(app_with({"sqs": handler}), event)
    assert handler.seen == []


async def test_how_records_are_handled_is_said_with_the_handler() -> None:
    trigger = ferryman.Trigger(broken, report_failures=False)
    with pytest.raises(TriggerFailed):
        await deliver(app_with({"sqs": trigger}), sample("sqs"))
    assert len((await deliver(app_with({"sqs": broken}), sample("sqs")))["batchItemFailures"]) == 3


def test_an_app_that_registers_nothing_loads_nothing() -> None:
    code = (
        "import sys, ferryman; from aiohttp import web; ferryman.lambda_handler("
        "web.Application()); ferryman.remaining_time(); "
        "print([name for name in sys.modules if 'trigger' in name or 'deliver' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def routed(handler: Handler | None = None) -> web.Application:
    app = app_with({"sqs": handler or Handler(), "sns": broken})
    app.router.add_routes([ferryman.trigger_route(TOKEN)])
    return app


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer  ", 401),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer wrong", 403),
        (f"Bearer {TOKEN}x", 403),
        (f"Bearer {TOKEN[:-1]}", 403),
        ("Bearer t\u00f6ken", 403),
    ],
)
async def test_without_the_token_nothing_is_reached(
    aiohttp_client: AiohttpClient, authorization: str | None, status: int
) -> None:
    handler = Handler()
    client = await aiohttp_client(routed(handler))
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client.post("/-/events", json=sample("sqs"), headers=headers) as response:
        said = await response.json(content_type="application/problem+json")
        assert (response.status, said["status"]) == (status, status)
        assert ("WWW-Authenticate" in response.headers) == (status == 401)
        assert TOKEN not in str(said)
    assert handler.seen == []


async def test_bytes_that_are_no_text_are_a_wrong_token(aiohttp_server: AiohttpServer) -> None:
    server = await aiohttp_server(routed())
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"POST /-/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 403 ")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 422, "not JSON"),
        (b"{", 422, "not JSON"),
        (b"\xff", 422, "not JSON"),
        (b"[" * 200_000, 422, "not JSON"),
        (b"[]", 422, "neither an HTTP request nor"),
        (b"null", 422, "neither an HTTP request nor"),
        (b'{"Records": [{"eventSource": "aws:sqs"}]}', 422, "has no id"),
        (FIXTURES["s3"].read_bytes(), 422, "no handler for events of the kind 's3'"),
        (FIXTURES["sns"].read_bytes(), 500, "the handler of 'sns' raised ValueError"),
        (b" " * (2**20 + 1), 413, "client_max_size"),
    ],
)
async def test_what_cannot_be_handled_is_told_as_a_problem(
    aiohttp_client: AiohttpClient, body: bytes, status: int, said: str
) -> None:
    client = await aiohttp_client(routed())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.post("/-/events", data=BytesIO(body), headers=headers) as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["status"]) == (status, status)
    assert said in problem["detail"]
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_with_the_token_the_route_answers_as_a_function_does(
    aiohttp_client: AiohttpClient, scheme: str
) -> None:
    handler = Handler()
    client = await aiohttp_client(routed(handler))
    headers = {"Authorization": f"{scheme} {TOKEN}"}
    async with client.post("/-/events", json=sample("sqs"), headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"batchItemFailures": []})
    assert len(handler.seen) == 3


async def test_a_route_in_a_subapp_reaches_what_the_whole_app_registers(
    aiohttp_client: AiohttpClient,
) -> None:
    handler = Handler()
    app, sub = app_with({"sqs": handler}), web.Application()
    sub.router.add_routes([ferryman.trigger_route(TOKEN, "/take")])
    app.add_subapp("/admin", sub)
    client = await aiohttp_client(app)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with client.post("/admin/take", json=sample("sqs"), headers=headers) as response:
        assert response.status == 200
    assert {given for given, _ in handler.seen} == {app}


@pytest.mark.parametrize("path", ["/", "/-/events", "/events", "/2015-03-31/functions/f"])
async def test_an_app_that_adds_no_route_has_none(aiohttp_client: AiohttpClient, path: str) -> None:
    handler = Handler()
    client = await aiohttp_client(app_with({"sqs": handler}))
    async with client.post(path, json=sample("sqs")) as response:
        assert response.status == 404
    assert handler.seen == []


@pytest.mark.parametrize("token", ["", " ", None])
def test_a_route_without_a_token_cannot_be_made(token: Any) -> None:
    with pytest.raises(ConfigError, match="the token of the route /-/events is empty"):
        ferryman.trigger_route(token)


def test_a_route_does_not_show_its_token() -> None:
    assert TOKEN not in repr(ferryman.trigger_route(TOKEN))
