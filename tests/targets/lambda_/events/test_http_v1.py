"""REST API events, and HTTP API events with payload format 1.0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import http_v1
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Sample = Callable[..., dict[str, Any]]


def target(event: dict[str, Any]) -> str:
    source = http_v1.HTTP_API_V1 if event.get("version") else http_v1.REST_API
    return source.decode(event).target.partition("?")[0]


@pytest.mark.parametrize("path", ["/a%2Fb", "//a//b", "/%C3%A9", "/live/a", "/live", "/%zz"])
def test_a_rest_api_gives_the_raw_path_without_its_stage(sample: Sample, path: str) -> None:
    assert target(sample("rest-api", path=path)) == path


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("/live/a", "/a"),
        ("/live", "/"),
        ("/lively/a", "/lively/a"),
        ("/a b", "/a%20b"),
        ("/é", "/%C3%A9"),
        ("/100%", "/100%25"),
        ("/a?b#c", "/a%3Fb%23c"),
    ],
)
def test_an_http_api_gives_a_decoded_path_with_its_stage(
    sample: Sample, path: str, arrives: str
) -> None:
    event = sample("http-api-v1", path=path)
    event["requestContext"]["stage"] = "live"
    assert target(event) == arrives


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"a": ["1", "2"], "b": [""]}, "a=1&a=2&b="),
        ({"q": ["x y+z&=#%"]}, "q=x%20y%2Bz%26%3D%23%25"),
        ({"é": ["ü"]}, "%C3%A9=%C3%BC"),
        ({"a[]": ["1"]}, "a%5B%5D=1"),
        ({"a": None}, "a="),
        ({"a": []}, ""),
        ({"a": ["\ud800"]}, "a=%ED%A0%80"),
    ],
)
def test_what_came_decoded_in_the_query_is_encoded_once(
    sample: Sample, parameters: dict[str, Any], query: str
) -> None:
    event = sample("rest-api", multiValueQueryStringParameters=parameters)
    assert http_v1.decode(event).target == "/cards/a%2Fb" + (f"?{query}" if query else "")


@pytest.mark.parametrize("field", [None, {}])
def test_single_values_stand_in_where_there_are_no_lists(
    sample: Sample, field: dict[str, Any] | None
) -> None:
    event = sample(
        "rest-api",
        multiValueHeaders=field,
        multiValueQueryStringParameters=field,
        headers={"Host": "h", "X-A": "1", "X-Null": None},
        queryStringParameters={"a": "1"},
    )
    request = http_v1.decode(event)
    assert request.headers == (("host", "h"), ("x-a", "1"))
    assert request.target.endswith("?a=1")


def test_the_host_falls_back_on_the_domain(sample: Sample) -> None:
    request = http_v1.decode(sample("rest-api", multiValueHeaders={"Accept": ["*/*"]}))
    assert dict(request.headers)["host"] == "shop.example.org"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"multiValueHeaders": {"x": {"a": 1}}}, "'x' has a value"),
        ({"multiValueHeaders": {"x": [True]}}, "'x' has a value"),
        ({"multiValueHeaders": {"x": ["a\r\nb"]}}, "'x' has a value"),
        ({"multiValueHeaders": {"Cookie": [1, "a=1"]}}, "cookie that is not text"),
        ({"multiValueQueryStringParameters": {"a": [[1]]}}, "query parameter that is not text"),
        ({"httpMethod": "GET /"}, "not an HTTP method"),
        ({"path": ["/"]}, "'path' is not text"),
    ],
)
def test_what_is_malformed_is_named(sample: Sample, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedEvent, match=says):
        http_v1.decode(sample("rest-api", **changes))


def test_every_header_goes_out_as_a_list(sample: Sample) -> None:
    headers = (("set-cookie", "a=1"), ("link", "</a>"), ("set-cookie", "b=2"))
    result = http_v1.encode(HttpResponse(200, headers, b""), sample("rest-api"))
    assert result["multiValueHeaders"] == {"set-cookie": ["a=1", "b=2"], "link": ["</a>"]}
    assert "headers" not in result
