"""The gateway: the mirror of the decoder, and what a Function URL does with a result."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ferryman.core.build.target import Address
from ferryman.targets.lambda_.gateway import http_v2 as gateway
from ferryman.targets.lambda_.gateway.server import start_gateway
from ferryman.targets.lambda_.runtime.events import http_v2 as events
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
TARGETS = st.builds(
    lambda path, query: f"/{path.replace('?', '')}" + (f"?{query}" if query else ""),
    VISIBLE,
    VISIBLE,
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
# One value a name: a repeated header is joined on its way, as on AWS.
HEADERS = st.dictionaries(st.sampled_from(["accept", "x-a", "x-b", "host"]), VALUES)
COOKIE_PAIRS = st.lists(st.sampled_from(["a=1", "b=2", "c="]), max_size=3)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "M-SEARCH"]),
    target=TARGETS,
    headers=HEADERS,
    cookies=COOKIE_PAIRS,
    body=st.binary(max_size=60),
)
def test_a_request_survives_the_way_to_the_function(
    method: str, target: str, headers: dict[str, str], cookies: list[str], body: bytes
) -> None:
    sent = {"host": "example.org", "x-forwarded-proto": "http", **headers}
    pairs = [*sent.items(), *([("cookie", "; ".join(cookies))] if cookies else [])]
    request = HttpRequest(method, target, tuple(pairs), body, "http", "198.51.100.1")
    assert events.decode(gateway.encode_request(request)) == request


@given(
    status=st.integers(200, 599),
    content_type=st.sampled_from(["text/plain", "application/json", "image/png"]),
    cookies=st.lists(st.sampled_from(["a=1; Path=/", "b=2"]), max_size=3),
    body=st.binary(max_size=60),
)
def test_a_response_survives_the_way_back(
    status: int, content_type: str, cookies: list[str], body: bytes
) -> None:
    headers = (("content-type", content_type), *(("set-cookie", c) for c in cookies))
    response = HttpResponse(status, headers, body)
    assert gateway.decode_result(events.encode(response)) == response


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
        "headers": {"host": "example.org", "user-agent": "test"},
        "body": "text",
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/a%2Fb",
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
        # What is no response is itself the body.
        ({"hello": 1}, 200, b'{"hello": 1}'),
        ("text", 200, b"text"),
        (None, 200, b"null"),
        # What cannot be sent is the gateway's own 502.
        ({"errorMessage": "boom", "errorType": "ValueError"}, 502, None),
        ({"statusCode": "many"}, 502, None),
        ({"statusCode": 200, "body": "%", "isBase64Encoded": True}, 502, None),
        ({"statusCode": 200, "body": 7}, 502, None),
        ({"statusCode": 200, "headers": [1]}, 502, None),
    ],
)
def test_results(result: object, status: int, body: bytes | None) -> None:
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
