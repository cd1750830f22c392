"""Events that AWS does not send in this form, and that reach functions all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import find_source
from ferryman.targets.lambda_.runtime.messages import HttpRequest

Sample = Callable[..., dict[str, Any]]


def decoded(event: dict[str, Any]) -> HttpRequest:
    source = find_source(event)
    assert source is not None
    return source.decode(event)


def header(event: dict[str, Any], name: str) -> str:
    return dict(decoded(event).headers)[name]


@pytest.mark.parametrize("name", ["rest-api", "http-api-v1"])
def test_headers_of_both_maps_are_merged(name: str, sample: Sample) -> None:
    event = sample(name)
    event["headers"]["X-Added"] = "by a test"
    event["headers"]["HOST"] = "other.example"
    event["multiValueHeaders"]["X-Listed"] = ["1", "2"]
    request = decoded(event)
    assert ("x-added", "by a test") in request.headers
    assert [value for key, value in request.headers if key == "x-listed"] == ["1", "2"]
    assert "other.example" not in [value for key, value in request.headers if key == "host"]


@pytest.mark.parametrize("context", ["absent", None])
def test_a_rest_event_may_have_no_context(context: str | None) -> None:
    event: dict[str, Any] = {"httpMethod": "GET", "path": "/a", "requestContext": context}
    if context:
        del event["requestContext"]
    request = decoded(event)
    assert (request.method, request.target, request.scheme) == ("GET", "/a", "https")
    source = find_source(event)
    assert source is not None
    assert source.name == "rest-api"


@pytest.mark.parametrize(
    "name", ["function-url", "http-api", "rest-api", "http-api-v1", "alb", "lattice-v1"]
)
def test_a_header_may_be_a_number(name: str, sample: Sample) -> None:
    event = sample(name)
    event["headers"]["x-count"] = 7
    assert header(event, "x-count") == "7"


@pytest.mark.parametrize("name", ["rest-api", "alb-multi-value", "lattice-v2"])
def test_a_listed_header_may_be_a_number_or_no_list(name: str, sample: Sample) -> None:
    event = sample(name)
    listed = event["headers" if name == "lattice-v2" else "multiValueHeaders"]
    listed |= {"x-count": [7], "x-text": "one"}
    assert (header(event, "x-count"), header(event, "x-text")) == ("7", "one")


@pytest.mark.parametrize(
    ("name", "version"),
    [("function-url", 2.0), ("http-api", 2), ("http-api-v1", 1.0), ("lattice-v2", 2)],
)
def test_a_version_may_be_a_number(name: str, version: float, sample: Sample) -> None:
    source = find_source(sample(name, version=version))
    assert source is not None
    assert source.name == name


def test_a_parameter_may_be_a_number(sample: Sample) -> None:
    event = sample("rest-api", multiValueQueryStringParameters=None)
    event["queryStringParameters"] = {"page": 2}
    assert decoded(event).target.endswith("?page=2")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("function-url", "x-forwarded-proto"),
        ("rest-api", "x-forwarded-proto"),
        ("alb", "x-forwarded-proto"),
    ],
)
@pytest.mark.parametrize(
    ("told", "scheme"), [("HTTP", "http"), ("http", "http"), ("HTTPS", "https"), ("", "https")]
)
def test_the_scheme_may_be_in_capitals(
    name: str, key: str, told: str, scheme: str, sample: Sample
) -> None:
    event = sample(name)
    for headers, value in ((event.get("headers"), told), (event.get("multiValueHeaders"), [told])):
        if headers:
            for spelled in [each for each in headers if each.lower() == key]:
                del headers[spelled]
            headers[key] = value
    assert decoded(event).scheme == scheme


@pytest.mark.parametrize(
    "event",
    [
        {"requestContext": {"connectionId": "a=", "eventType": "CONNECT"}, "headers": {}},
        {
            "httpMethod": "GET",
            "path": "/",
            "requestContext": {"connectionId": "a=", "eventType": "MESSAGE"},
        },
        {"type": "TOKEN", "methodArn": "arn", "httpMethod": "GET", "path": "/"},
        {"messageVersion": "1.0", "httpMethod": "GET", "apiPath": "/orders"},
    ],
)
def test_what_only_looks_like_a_request_is_none(event: dict[str, Any]) -> None:
    assert find_source(event) is None
