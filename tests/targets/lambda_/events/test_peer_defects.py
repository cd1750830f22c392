"""What other adapters get wrong, each by its name: ferryman does not.

That a peer has a defect is shown where that peer is installed; of the others it was read
in their source or their issue tracker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from ferryman.core.errors import FerrymanError
from ferryman.core.loader import AppSource
from ferryman.targets.lambda_.runtime.events import EventSource, find_source
from ferryman.targets.lambda_.runtime.events.target import strip_base_path
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

Sample = Callable[..., dict[str, Any]]
HandlerOf = Callable[[AppSource], LambdaHandler]


def source_of(event: dict[str, Any]) -> EventSource:
    source = find_source(event)
    assert source is not None
    return source


def decode(event: dict[str, Any]) -> HttpRequest:
    return source_of(event).decode(event)


def encode(event: dict[str, Any], *headers: tuple[str, str], body: bytes = b"") -> dict[str, Any]:
    return source_of(event).encode(HttpResponse(200, headers, body), event)


def header(request: HttpRequest, name: str) -> list[str]:
    return [value for other, value in request.headers if other == name]


def test_mangum_starts_and_stops_the_app_on_every_invocation(
    handler_of: HandlerOf, sample: Sample, context: Any
) -> None:
    seen: list[str] = []

    async def resource(_: web.Application) -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    app = web.Application()
    app.cleanup_ctx.append(resource)
    handler = handler_of(app)
    for _ in range(3):
        handler(sample("function-url"), context)
    assert seen == ["start"]


def test_zappa_makes_an_event_loop_per_invocation(
    handler_of: HandlerOf, sample: Sample, context: Any
) -> None:
    loops = []

    async def answer(_: web.Request) -> web.Response:
        loops.append(asyncio.get_running_loop())
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    handler = handler_of(app)
    for name in ("function-url", "rest-api", "alb"):
        handler(sample(name), context)
    assert len(loops) == 3
    assert len({*loops}) == 1


@pytest.mark.parametrize(
    "name", ["function-url", "rest-api", "alb", "lattice-v1", "lattice-v2", "edge"]
)
def test_mangum_and_zappa_lose_an_encoded_slash_in_a_path(name: str, sample: Sample) -> None:
    assert decode(sample(name)).target.startswith("/cards/a%2Fb?")


def test_mangum_and_lambda_web_adapter_strip_a_base_path_within_a_segment() -> None:
    assert strip_base_path("/apifoo", "/api") == "/apifoo"
    assert strip_base_path("/api/foo", "/api") == "/foo"


@pytest.mark.parametrize("name", ["rest-api", "http-api-v1", "alb-multi-value", "lattice-v2"])
def test_mangum_and_apig_wsgi_join_cookie_headers_with_commas(name: str, sample: Sample) -> None:
    event = sample(name)
    headers = event["headers" if name == "lattice-v2" else "multiValueHeaders"]
    headers["cookie"] = ["a=1", "b=2"]
    assert header(decode(event), "cookie") == ["a=1; b=2"]


@pytest.mark.parametrize("name", ["rest-api", "http-api-v1", "alb-multi-value", "lattice-v2"])
def test_lambda_http_collapses_repeated_request_headers(name: str, sample: Sample) -> None:
    assert header(decode(sample(name)), "x-list") == ["one", "two"]


@pytest.mark.parametrize("name", ["function-url", "http-api"])
def test_zappa_joins_repeated_parameters_with_an_encoded_comma(name: str, sample: Sample) -> None:
    event = sample(name, rawQueryString="x=1&x=2", queryStringParameters={"x": "1,2"})
    assert decode(event).target.endswith("?x=1&x=2")


@pytest.mark.parametrize("name", ["function-url", "http-api"])
def test_apig_wsgi_drops_all_but_the_last_of_a_repeated_response_header(
    name: str, sample: Sample
) -> None:
    result = encode(sample(name), ("link", "</a>"), ("set-cookie", "a=1"), ("link", "</b>"))
    assert result["headers"]["link"] == "</a>, </b>"
    assert result["cookies"] == ["a=1"]


@pytest.mark.parametrize("name", ["alb", "alb-multi-value"])
def test_peers_decode_a_load_balancers_query_not_at_all_or_twice(name: str, sample: Sample) -> None:
    query = decode(sample(name)).target.partition("?")[2]
    assert ("q", "x y+z") in parse_qsl(query)


def test_two_set_cookie_headers_survive_a_load_balancer_without_multi_value_headers(
    sample: Sample,
) -> None:
    headers = encode(sample("alb"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))["headers"]
    assert {name.lower() for name in headers} == {"set-cookie"}
    assert sorted(headers.values()) == ["a=1", "b=2"]


@pytest.mark.parametrize("name", ["alb", "alb-multi-value"])
def test_mangum_takes_the_whole_of_x_forwarded_for_for_the_client(
    name: str, sample: Sample
) -> None:
    assert decode(sample(name)).remote == "203.0.113.7"


@pytest.mark.parametrize(
    ("content_type", "body", "is_text"),
    [
        ("application/problem+json", b"{}", True),
        ("application/atom+xml", b"<a/>", True),
        ("image/svg+xml", b"<svg/>", True),
        ("text/plain; charset=utf-16", b"x", False),
        ("text/plain", b"\xff", False),
    ],
)
def test_peers_send_text_as_base64_and_bytes_as_text(
    content_type: str, body: bytes, is_text: bool, sample: Sample
) -> None:
    result = encode(sample("rest-api"), ("content-type", content_type), body=body)
    assert result["isBase64Encoded"] is not is_text
    packed = encode(
        sample("rest-api"), ("content-type", content_type), ("content-encoding", "br"), body=body
    )
    assert packed["isBase64Encoded"] is True


@pytest.mark.parametrize("name", ["function-url", "http-api", "rest-api", "alb"])
def test_mangum_invents_a_content_type_for_an_empty_body(name: str, sample: Sample) -> None:
    result = encode(sample(name))
    assert not result.get("headers")
    assert not result.get("multiValueHeaders")


@pytest.mark.parametrize(
    "event",
    [
        {"source": "serverless-plugin-warmup"},
        {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"source": "aws.events", "detail": {}},
    ],
)
def test_an_event_that_is_not_http_crashes_no_adapter_and_reaches_no_public_path(
    event: dict[str, Any], handler_of: HandlerOf, sample: Sample, context: Any
) -> None:
    reached = []

    async def answer(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    handler = handler_of(app)
    assert find_source(event) is None
    with suppress(FerrymanError):
        handler(event, context)
    assert reached == []


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("blank=&alone", [("blank", ""), ("alone", "")]),
        ("a=1&a=2", [("a", "1"), ("a", "2")]),
        ("plus=a+b", [("plus", "a b")]),
        ("coded=a%2Bb", [("coded", "a+b")]),
    ],
)
def test_blank_repeated_plus_and_coded_plus_occur_in_queries(
    query: str, pairs: list[tuple[str, str]], sample: Sample
) -> None:
    event = sample("function-url", rawQueryString=query)
    arrived = decode(event).target.partition("?")[2]
    assert arrived == query
    assert parse_qsl(arrived, keep_blank_values=True) == pairs


def test_sam_local_sends_nulls(sample: Sample) -> None:
    nulls = {"multiValueQueryStringParameters": None, "queryStringParameters": None, "body": None}
    request = decode(sample("rest-api", **nulls))
    assert (request.target, request.body) == ("/cards/a%2Fb", b"")


def test_lambda_web_adapter_does_not_know_vpc_lattice(sample: Sample) -> None:
    assert source_of(sample("lattice-v1")).name == "lattice-v1"
    assert source_of(sample("lattice-v2")).name == "lattice-v2"


def test_an_edge_answer_says_its_encoding_in_cloudfronts_own_word(sample: Sample) -> None:
    result = encode(sample("edge"), ("content-type", "image/png"), body=b"\x89")
    assert result["bodyEncoding"] == "base64"
    assert "isBase64Encoded" not in result


def test_an_api_gateway_websocket_event_is_refused_in_order() -> None:
    event = {"requestContext": {"connectionId": "1", "eventType": "CONNECT", "stage": "live"}}
    assert find_source(event) is None
