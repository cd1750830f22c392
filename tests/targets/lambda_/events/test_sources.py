"""All event sources: which one an event came from, and the same request through each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.lambda_.runtime.events import SOURCES, find_source
from ferryman.targets.lambda_.runtime.events.source import EventSource
from ferryman.targets.lambda_.runtime.messages import HttpResponse

Sample = Callable[..., dict[str, Any]]

QUERY = "tag=a&tag=b&q=x%20y%2Bz&blank="
# What each source makes of POST /cards/a%2Fb with that query: the path and the query.
TARGETS = {
    "function-url": f"/cards/a%2Fb?{QUERY}",
    "http-api": f"/cards/a/b?{QUERY}",
    "http-api-v1": f"/cards/a/b?{QUERY}",
    "rest-api": f"/cards/a%2Fb?{QUERY}",
    "alb": "/cards/a%2Fb?tag=b&q=x%20y%2Bz&blank=",
    "alb-multi-value": f"/cards/a%2Fb?{QUERY}",
    "lattice-v1": f"/cards/a%2Fb?{QUERY}",
    "lattice-v2": f"/cards/a%2Fb?{QUERY}",
    "edge": f"/cards/a%2Fb?{QUERY}",
}
LISTS = {
    "function-url": ["one,two"],
    "http-api": ["one,two"],
    "alb": ["two"],
    "lattice-v1": ["one, two"],
}

every_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)


@every_source
def test_an_event_belongs_to_its_source_and_no_other(source: EventSource, sample: Sample) -> None:
    event = sample(source.name)
    assert find_source(event) is source
    assert [other.name for other in SOURCES if other.matches(event)] == [source.name]


@every_source
def test_the_same_request_comes_out_of_every_event(source: EventSource, sample: Sample) -> None:
    request = source.decode(sample(source.name))
    assert request.method == "POST"
    assert request.target == TARGETS[source.name]
    assert json.loads(request.body) == {"name": "Ada"}
    assert request.scheme == "https"
    assert request.remote == ("10.42.0.189" if "lattice" in source.name else "203.0.113.7")
    values = [value for name, value in request.headers if name == "x-list"]
    assert values == LISTS.get(source.name, ["one", "two"])
    assert [value for name, value in request.headers if name == "cookie"] == ["a=1; b=2"]
    assert dict(request.headers)["host"]


@pytest.mark.parametrize("absent", [None, ...])
@every_source
def test_all_that_may_be_absent_may_be_null(
    source: EventSource, sample: Sample, absent: object
) -> None:
    event = sample(source.name)
    holder = event["Records"][0]["cf"]["request"] if source.name == "edge" else event
    identifying = {"version", "requestContext", "path", "raw_path", "rawPath", "uri"}
    if source.name == "alb-multi-value":
        identifying.add("multiValueHeaders")
    for field in [*holder]:
        if field not in identifying and "ethod" not in field:
            if absent is None:
                holder[field] = None
            else:
                del holder[field]
    assert find_source(event) is source
    request = source.decode(event)
    assert request.target.startswith("/cards/a")
    assert request.body == b""


@every_source
def test_a_head_request_and_a_status_without_a_body(source: EventSource, sample: Sample) -> None:
    event = sample(source.name)
    for status in (200, 204, 304):
        response = HttpResponse(status, (("etag", '"1"'), ("content-length", "12")), b"")
        result = json.loads(json.dumps(source.encode(response, event)))
        assert not result.get("body")
        assert int(result.get("statusCode") or result["status"]) == status
        assert "content-type" not in json.dumps(result)


@every_source
def test_the_head_is_the_result_without_its_body(source: EventSource, sample: Sample) -> None:
    event = sample(source.name)
    headers = (("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2"))
    result = source.encode(HttpResponse(200, headers, b"text"), event)
    for field in ("body", "isBase64Encoded", "bodyEncoding"):
        result.pop(field, None)
    assert source.head(200, headers, event) == result


def test_only_function_urls_and_rest_apis_stream() -> None:
    assert {source.name for source in SOURCES if source.streams} == {"function-url", "rest-api"}


@pytest.mark.parametrize(
    "made",
    [
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"Records": [{"cf": {"request": {}, "response": {}}}]},
        {"Records": []},
        {"source": "aws.events", "detail-type": "Scheduled Event"},
        {"source": "serverless-plugin-warmup"},
        {},
        [1],
        None,
        {"version": "2.0"},
        {"version": "2.0", "requestContext": {"http": "GET"}},
        # A WebSocket API's, and a question to an authorizer.
        {"requestContext": {"connectionId": "1", "eventType": "MESSAGE"}},
        {"type": "REQUEST", "httpMethod": "GET", "path": "/", "requestContext": {}},
        {"type": "REQUEST", "version": "2.0", "requestContext": {"http": {"method": "GET"}}},
    ],
)
def test_an_event_that_is_not_http_has_no_source(made: object) -> None:
    assert find_source(made) is None
