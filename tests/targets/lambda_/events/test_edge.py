"""Lambda@Edge events: viewer requests and origin requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from ferryman.core.loader import AppSource
from ferryman.targets.lambda_.runtime.events import edge
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Sample = Callable[..., dict[str, Any]]
HandlerOf = Callable[[AppSource], LambdaHandler]


@pytest.fixture
def changed(sample: Sample) -> Callable[..., dict[str, Any]]:
    """Change the request in an event."""

    def change(**changes: Any) -> dict[str, Any]:
        event = sample("edge")
        event["Records"][0]["cf"]["request"] |= changes
        return event

    return change


@pytest.mark.parametrize("kind", ["viewer-request", "origin-request"])
def test_both_kinds_of_requests_are_answered(sample: Sample, kind: str) -> None:
    event = sample("edge")
    event["Records"][0]["cf"]["config"]["eventType"] = kind
    assert edge.matches(event)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": "/wA=", "encoding": "base64", "inputTruncated": False}, b"\xff\x00"),
        ({"data": "text é", "encoding": "text"}, "text é".encode()),
        ({"data": ""}, b""),
        (None, b""),
    ],
)
def test_bodies(changed: Sample, body: Any, expected: bytes) -> None:
    assert edge.decode(changed(body=body)).body == expected


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"body": {"data": "%", "encoding": "base64"}}, "not base64"),
        ({"headers": {"x": [{"key": "X"}]}}, "'x' has no value"),
        ({"headers": {"x": ["text"]}}, "'x' has no value"),
        ({"headers": {"x": {"value": "1"}}}, "'x' is not a list"),
        ({"headers": {"x": [{"value": "a\nb"}]}}, "'x' has a value"),
        ({"method": ""}, "not an HTTP method"),
        ({"uri": 1}, "'uri' is not text"),
    ],
)
def test_what_is_malformed_is_named(changed: Sample, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedEvent, match=says):
        edge.decode(changed(**changes))


def test_the_scheme_is_cloudfronts_own_word(changed: Sample) -> None:
    proto = {"cloudfront-forwarded-proto": [{"value": "http"}]}
    assert edge.decode(changed(headers=proto)).scheme == "http"


def test_an_answer_in_cloudfronts_own_terms(sample: Sample) -> None:
    headers = (("content-type", "image/png"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
    assert edge.encode(HttpResponse(200, headers, b"\x89PNG"), sample("edge")) == {
        "status": "200",
        "statusDescription": "OK",
        "headers": {
            "content-type": [{"key": "content-type", "value": "image/png"}],
            "set-cookie": [
                {"key": "set-cookie", "value": "a=1"},
                {"key": "set-cookie", "value": "b=2"},
            ],
        },
        "body": "iVBORw==",
        "bodyEncoding": "base64",
    }


def test_text_goes_as_text(sample: Sample) -> None:
    response = HttpResponse(200, (("content-type", "text/plain"),), "é".encode())
    result = edge.encode(response, sample("edge"))
    assert (result["body"], result["bodyEncoding"]) == ("é", "text")


@pytest.mark.parametrize("name", ["content-length", "x-cache", "x-edge-a", "x-amz-cf-id"])
def test_what_cloudfront_refuses_is_left_out(sample: Sample, name: str) -> None:
    assert edge.head(200, ((name, "1"), ("etag", "2")), sample("edge"))["headers"] == {
        "etag": [{"key": "etag", "value": "2"}]
    }


def test_a_body_that_was_cut_off_is_said_to_be(changed: Sample) -> None:
    body = {"data": "YQ==", "encoding": "base64", "inputTruncated": True}
    assert edge.decode(changed(body=body)).cut_off


@pytest.mark.parametrize("data", ["YQ==", ""])
@pytest.mark.parametrize(("path", "status"), [("/read", "413"), ("/ignore", "200")])
def test_only_an_app_that_reads_a_body_that_was_cut_off_refuses_it(
    changed: Sample, handler_of: HandlerOf, context: Any, data: str, path: str, status: str
) -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def ignore(request: web.Request) -> web.Response:
        return web.Response(text=str(request.content_length))

    app = web.Application(client_max_size=0)
    app.router.add_post("/read", read)
    app.router.add_post("/ignore", ignore)
    event = changed(
        method="POST",
        uri=path,
        headers={"content-length": [{"key": "Content-Length", "value": "2000000"}]},
        body={"data": data, "encoding": "base64", "inputTruncated": True},
    )
    result = handler_of(app)(event, context)
    assert result["status"] == status
    assert path == "/read" or result["body"] == "2000000"
