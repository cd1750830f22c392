"""The gateways: what a source makes of a result, and the server in front of a function."""

from __future__ import annotations

import asyncio
import base64
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from yarl import URL

from ferryman.core.errors import ConfigError
from ferryman.local.gateway import http_v2 as gateway
from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.http_server import start_gateway
from ferryman.local.gateway.protocol import Refused
from ferryman.targets.lambda_.runtime.events import SOURCES
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse
from ferryman.targets.protocols import Address


def test_the_event_has_every_field_that_aws_documents() -> None:
    request = HttpRequest(
        "POST",
        "/a%2Fb?x=1&x=2&y=",
        (("Host", "example.org"), ("User-Agent", "test"), ("Cookie", "a=1; b=2")),
        b"text",
        "https",
        "198.51.100.1",
    )
    event = gateway.encode_request(request)
    context = event.pop("requestContext")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/a%2Fb",
        "rawQueryString": "x=1&x=2&y=",
        "queryStringParameters": {"x": "1,2", "y": ""},
        "cookies": ["a=1", "b=2"],
        "headers": {"host": "example.org", "user-agent": "test", "cookie": "a=1; b=2"},
        "body": "text",
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/a/b",
        "protocol": "HTTP/1.1",
        "sourceIp": "198.51.100.1",
        "userAgent": "test",
    }
    assert {"accountId", "apiId", "domainName", "requestId", "stage", "time", "timeEpoch"} <= {
        *context
    }


def test_a_binary_body_goes_as_base64() -> None:
    event = gateway.encode_request(HttpRequest("POST", "/", (), b"\xff\x00", "https", None))
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\xff\x00"


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"statusCode": 201, "body": "made"}, 201, b"made"),
        ({"statusCode": "404"}, 404, b""),
        ({"statusCode": 200, "headers": None, "body": None}, 200, b""),
        # What is not a response is itself the body.
        ({"hello": 1}, 200, b'{"hello": 1}'),
        ("text", 200, b"text"),
        (None, 200, b"null"),
        # What cannot be sent is the gateway's own 502.
        ({"errorMessage": "boom", "errorType": "ValueError"}, 502, None),
        ({"statusCode": "many"}, 502, None),
        ({"statusCode": 200, "body": "%", "isBase64Encoded": True}, 502, None),
        ({"statusCode": 200, "body": 7}, 502, None),
        ({"statusCode": 200, "headers": [1]}, 502, None),
        ({"statusCode": 200, "headers": {"x": {"y": 1}}}, 502, None),
        ({"statusCode": 999}, 502, None),
    ],
)
def test_results_of_a_function_url(result: object, status: int, body: bytes | None) -> None:
    response = gateway.decode_result(result)
    assert response.status == status
    if body is not None:
        assert response.body == body


async def test_the_server_passes_requests_and_responses_on_byte_for_byte(
    unused_tcp_port: int,
) -> None:
    seen: list[dict[str, Any]] = []

    async def invoke(event: dict[str, Any]) -> object:
        seen.append(event)
        return {
            "statusCode": 203,
            "headers": {"content-type": "image/png", "x-a": "1"},
            "cookies": ["a=1", "b=2"],
            "body": base64.b64encode(b"\x89PNG\xff").decode(),
            "isBase64Encoded": True,
        }

    address = Address("127.0.0.1", unused_tcp_port)
    runner = await start_gateway(invoke, address)
    try:
        async with aiohttp.ClientSession() as session:
            url = URL(f"http://{address}//a%2Fb/%7e?q=%2B+&q=", encoded=True)
            async with session.post(url, data=b"\xff", headers={"Cookie": "c=3"}) as answer:
                assert answer.status == 203
                assert await answer.read() == b"\x89PNG\xff"
                assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
                assert answer.headers["X-A"] == "1"
    finally:
        await runner.cleanup()
    assert seen[0]["rawPath"] == "//a%2Fb/%7e"
    assert seen[0]["rawQueryString"] == "q=%2B+&q="
    assert seen[0]["cookies"] == ["c=3"]
    assert seen[0]["requestContext"]["http"]["sourceIp"] == "127.0.0.1"
    assert base64.b64decode(seen[0]["body"]) == b"\xff"


@pytest.mark.parametrize("name", [name for name in GATEWAYS if "function-url" not in name])
@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many", "status": "many"},
        {"statusCode": 999, "status": "999"},
        {"statusCode": 200, "status": "200", "body": 7},
        {
            "statusCode": 200,
            "status": "200",
            "body": "%",
            "isBase64Encoded": True,
            "bodyEncoding": "base64",
        },
        {"statusCode": 200, "status": "200", "headers": [1], "multiValueHeaders": [1]},
        {"errorMessage": "boom", "errorType": "ValueError"},
    ],
)
def test_a_result_that_cannot_be_sent_is_the_gateways_own_error(name: str, result: object) -> None:
    status = 500 if name.startswith("http-api") else 502
    assert GATEWAYS[name].decode_result(result).status == status


@pytest.mark.parametrize("name", [name for name in GATEWAYS if not name.startswith(("f", "http"))])
@pytest.mark.parametrize("result", [None, "text", {"hello": 1}, [1]])
def test_only_http_apis_take_a_result_that_is_no_response(name: str, result: object) -> None:
    assert GATEWAYS[name].decode_result(result).status == 502


@pytest.mark.parametrize("name", ["http-api", "http-api-v1"])
@pytest.mark.parametrize(
    ("sent", "path"),
    [
        # As they were caught from a live API in July 2026.
        ("/space%20value", "/space value"),
        ("/question%3Fvalue", "/question"),
        ("/hash%23value", "/hash#value"),
        ("/slash%2Fvalue", "/slash/value"),
        ("/%CE%BB", "/λ"),
        ("/literal%252Fvalue", "/literal/value"),
        ("/literal%253Fvalue", "/literal?value"),
        ("/literal%2525value", "/literal%value"),
    ],
)
def test_an_http_api_decodes_the_path(name: str, sent: str, path: str) -> None:
    event = GATEWAYS[name].encode_request(HttpRequest("GET", sent, (), b"", "https", None))
    assert event.get("rawPath", event.get("path")) == path


def test_an_http_api_refuses_a_path_it_cannot_decode() -> None:
    with pytest.raises(Refused):
        GATEWAYS["http-api"].encode_request(HttpRequest("GET", "/%25x", (), b"", "https", None))


def test_every_source_has_a_gateway() -> None:
    assert {source.name for source in SOURCES} == {*GATEWAYS}


async def test_an_unknown_source_is_named(unused_tcp_port: int) -> None:
    async def invoke(_: dict[str, Any]) -> object:
        return {}

    with pytest.raises(ConfigError, match="'carrier-pigeon'"):
        await start_gateway(invoke, Address("127.0.0.1", unused_tcp_port), "carrier-pigeon")


@pytest.mark.parametrize("name", GATEWAYS)
async def test_the_server_stands_for_any_source(name: str, unused_tcp_port: int) -> None:
    decoder = next(source for source in SOURCES if source.name == name)

    async def invoke(event: dict[str, Any]) -> object:
        request = decoder.decode(event)
        forwarded = dict(request.headers).get("x-forwarded-for")
        answer = f"{request.method} {request.target} {request.remote} {forwarded}"
        headers = (("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
        return decoder.encode(HttpResponse(203, headers, answer.encode()), event)

    runner = await start_gateway(invoke, Address("127.0.0.1", unused_tcp_port), name)
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{unused_tcp_port}/cards?x=1"
            headers = {"X-Forwarded-For": "192.0.2.1"}
            async with session.put(url, headers=headers) as answer:
                assert answer.status == 203
                assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
                told = "192.0.2.1" if name == "edge" else "192.0.2.1, 127.0.0.1"
                assert await answer.text() == f"PUT /cards?x=1 127.0.0.1 {told}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("target", "headers", "body", "status"),
    [
        ("/", {}, bytes(1024 * 1024), 200),
        ("/", {}, bytes(1024 * 1024 + 1), 413),
        ("/", {"X-A": "x" * 70_000}, b"", 400),
        ("/large", {}, b"", 502),
    ],
)
async def test_the_server_has_the_limits_of_its_source(
    target: str, headers: dict[str, str], body: bytes, status: int, unused_tcp_port: int
) -> None:
    async def invoke(event: dict[str, Any]) -> object:
        large = event["path"] == "/large"
        return {"statusCode": 200, "body": "x" * (1024 * 1024 + 1) if large else ""}

    runner = await start_gateway(invoke, Address("127.0.0.1", unused_tcp_port), "alb")
    try:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{unused_tcp_port}{target}"
            async with session.put(url, headers=headers, data=BytesIO(body)) as answer:
                assert answer.status == status
    finally:
        await runner.cleanup()


async def test_a_body_that_waits_to_be_asked_for_is_asked_for(unused_tcp_port: int) -> None:
    seen: list[dict[str, Any]] = []

    async def invoke(event: dict[str, Any]) -> object:
        seen.append(event)
        return {"statusCode": 200, "body": "taken"}

    address = Address("127.0.0.1", unused_tcp_port)
    runner = await start_gateway(invoke, address)
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://{address}/", data=b"held back", expect100=True) as answer,
        ):
            assert await answer.text() == "taken"
    finally:
        await runner.cleanup()
    assert seen[0]["body"] == "held back"


async def test_a_target_as_a_proxys_client_writes_it_is_reduced(unused_tcp_port: int) -> None:
    seen: list[dict[str, Any]] = []

    async def invoke(event: dict[str, Any]) -> object:
        seen.append(event)
        return {"statusCode": 204}

    address = Address("127.0.0.1", unused_tcp_port)
    runner = await start_gateway(invoke, address)
    try:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(b"GET http://shop.example.com/a/b?c=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 204")
        writer.close()
        await writer.wait_closed()
    finally:
        await runner.cleanup()
    assert (seen[0]["rawPath"], seen[0]["rawQueryString"]) == ("/a/b", "c=1")
