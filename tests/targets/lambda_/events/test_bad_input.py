"""Events made to do harm: an answer or a typed error, and the next event is served.

`FUZZ_EVENTS=200000` runs as many mutated events; a normal run does with fewer.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from aiohttp import web

from ferryman.core.errors import FerrymanError
from ferryman.core.loader import AppSource
from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.targets.lambda_.runtime.events import find_source
from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.messages import HttpRequest

Sample = Callable[..., dict[str, Any]]

EVENTS = int(os.environ.get("FUZZ_EVENTS", "4000"))
ROUND = 500
# Nothing takes long; a regular expression that backtracks would take minutes.
SECONDS = 2.0

every_source = pytest.mark.parametrize("name", GATEWAYS)


@pytest.fixture
def handler(
    handler_of: Callable[[AppSource], LambdaHandler], caplog: pytest.LogCaptureFixture
) -> LambdaHandler:
    """Make a handler whose app reads everything that there is of a request."""
    caplog.set_level(logging.CRITICAL + 1)

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        read: list[object] = [request.path, request.query, request.cookies, request.content_type]
        read += [request.charset, request.host, request.remote, request.scheme, request.url]
        return web.Response(text=f"{len(body)} {len(read)}", headers={"X-Path": request.raw_path})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    return handler_of(app)


def answer_to(handler: LambdaHandler, event: Any, context: Any) -> int | None:
    """Return the status of the answer, or None for a typed error; all else fails."""
    began = time.process_time()
    try:
        result = handler(event, context)
    except FerrymanError:
        return None
    assert time.process_time() - began < SECONDS
    assert isinstance(result, dict)
    assert "Traceback" not in json.dumps(result)
    return int(result.get("statusCode") or result["status"])


def assert_sound(request: HttpRequest) -> None:
    """Check what an app can rely on."""
    assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", request.method)
    assert re.fullmatch(r"/[!-~]*", request.target)
    for name, value in request.headers:
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name)
        assert not re.search("[\r\n\0]", value)
        value.encode()
    assert isinstance(request.body, bytes)
    assert request.scheme in ("http", "https")
    assert request.remote is None or isinstance(request.remote, str)


JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 10**30, "", " ", [], {}, [[]], {"": ""}),
    *("\r\nX-Evil: 1", "\0", "\ud800", "é", "\u2028", "a" * 9000, "%", "%zz", "//", "?", "#"),
    *(
        "GET / HTTP/1.1\r\n\r\n",
        "2.0",
        "1.0",
        "$default",
        "=",
        "====",
        "YQ",
        "AA==",
        "100-continue",
    ),
    *(
        "chunked",
        "gzip",
        "multipart/form-data",
        "text/plain; charset=\ud800",
        "..",
        "[::1",
        "host:x",
    ),
    *(["a", 1], [None], {"a": {"b": []}}, {"key": "X"}, [{"value": 1}]),
)
KEYS = (
    *("headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded", "path", "rawPath"),
    *("version", "type", "requestContext", "http", "elb", "Records", "cf", "request", "method"),
    *("httpMethod", "content-length", "Content-Length", "transfer-encoding", "expect", "host"),
    *("content-encoding", "content-type", "cookie", "", "\r\n", "a b", "é", "stage", "domainName"),
)


def mutate(event: Any, random: Random) -> Any:
    """Change one node somewhere in an event, and return the event."""
    holder: Any = None
    key: Any = None
    node = event
    while isinstance(node, dict | list) and node and (holder is None or random.random() < 0.75):
        holder = node
        key = random.choice([*node]) if isinstance(node, dict) else random.randrange(len(node))
        node = node[key]
    if holder is None:
        return deepcopy(random.choice(JUNK))
    change = random.randrange(6)
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = holder.pop(key)
    elif change == 2 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = deepcopy(random.choice(JUNK))
    elif change == 3 and isinstance(node, str):
        place = random.randrange(len(node) + 1)
        holder[key] = node[:place] + str(random.choice(JUNK)) + node[place:]
    elif change == 4:
        holder[key] = [node, node]
    else:
        holder[key] = deepcopy(random.choice(JUNK))
    return event


@pytest.mark.parametrize("seed", range(max(1, EVENTS // ROUND)))
def test_mutated_events(seed: int, handler: LambdaHandler, sample: Sample, context: Any) -> None:
    random = Random(seed)
    texts = {name: json.dumps(sample(name)) for name in GATEWAYS}
    outcomes = set()
    for _ in range(ROUND):
        name = random.choice([*texts])
        event = json.loads(texts[name])
        for _ in range(random.randint(1, 4)):
            event = mutate(event, random)
        with suppress(MalformedEvent):
            if source := find_source(event):
                assert_sound(source.decode(event))
        outcomes.add(answer_to(handler, event, context))
    # Some were right all the same, some were refused, some were no request at all.
    assert outcomes >= {200, 400, None}
    assert answer_to(handler, sample("function-url"), context) == 200


def with_header(event: dict[str, Any], source: str, header: str, value: Any) -> dict[str, Any]:
    """Put a header into an event, in the shape of its source."""
    if source == "edge":
        headers = event["Records"][0]["cf"]["request"]["headers"]
        headers[header] = [{"key": header, "value": value}]
    elif source in ("rest-api", "http-api-v1", "alb-multi-value"):
        event["multiValueHeaders"][header] = [value]
    else:
        event["headers"][header] = [value] if source == "lattice-v2" else value
    return event


@pytest.mark.parametrize(
    ("header", "value"),
    [
        *[("x-a", value) for value in ("a\rb", "a\nb", "a\r\nSet-Cookie: b=1", "a\0b", "\ud800")],
        *[(name, "1") for name in ("", " ", "a b", "a:b", "a\r\nb", "a\0", "é", "\ud800")],
        *[("x-a", value) for value in (True, {"a": 1}, [["a"]])],
        ("x-a", "a" * 10_000_000),
        ("cookie", "a=1; " * 2_000_000),
        ("a" * 10_000_000, "1"),
        ("host", "a\nb"),
    ],
    ids=lambda value: repr(value)[:24],
)
@every_source
def test_a_header_that_http_does_not_allow(
    name: str, header: str, value: Any, handler: LambdaHandler, sample: Sample, context: Any
) -> None:
    event = with_header(sample(name), name, header, value)
    if name in ("function-url", "http-api") and header == "cookie":
        event["cookies"] = [value]
    assert answer_to(handler, event, context) == 400


@every_source
def test_ten_megabytes_of_many_headers(
    name: str, handler: LambdaHandler, sample: Sample, context: Any
) -> None:
    event = sample(name)
    for number in range(100_000):
        with_header(event, name, f"x-{number}", "a" * 80)
    assert answer_to(handler, event, context) == 400


@pytest.mark.parametrize(
    "body", ["%", "YQ", "Y", "=", "====", "YQ==YQ==", "é", "\ud800", "A" * 5_999_999, "Y Q = ="]
)
@every_source
def test_absurd_base64(
    name: str, body: str, handler: LambdaHandler, sample: Sample, context: Any
) -> None:
    event = sample(name, body=body, isBase64Encoded=True, is_base64_encoded=True)
    if name == "edge":
        event["Records"][0]["cf"]["request"]["body"]["data"] = body
    assert answer_to(handler, event, context) == 400


@every_source
def test_deep_json(name: str, handler: LambdaHandler, sample: Sample, context: Any) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for field in ("headers", "multiValueHeaders", "body", "cookies", "stageVariables", "new"):
        event = sample(name)
        holder = event["Records"][0]["cf"]["request"] if name == "edge" else event
        holder[field] = deep
        assert answer_to(handler, event, context) in (200, 400)


@pytest.mark.parametrize("junk", [1, "text", [], [1], {"a": 1}, True])
@every_source
def test_wrong_types_everywhere(
    name: str, junk: Any, handler: LambdaHandler, sample: Sample, context: Any
) -> None:
    for field in sample(name):
        status = answer_to(handler, sample(name, **{field: junk}), context)
        assert status in (200, 400, 413, None)


@pytest.mark.parametrize("other", ["0", "999999999", "-1", "x", "15, 15"])
@every_source
def test_a_content_length_counts_for_nothing_not_even_twice(
    name: str, other: str, handler: LambdaHandler, sample: Sample, context: Any
) -> None:
    event = with_header(sample(name), name, "content-length", other)
    event = with_header(event, name, "Content-Length", "3")
    result = handler(event, context)
    assert isinstance(result, dict)
    assert result["body"].startswith("15 ")
