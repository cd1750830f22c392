"""What leaves the function: text or base64, the size, the headers; and where the app is mounted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import ferryman
from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.targets.lambda_.runtime.events import SOURCES
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

HandlerOf = Callable[..., LambdaHandler]

NAMES = [source.name for source in SOURCES]
GET = HttpRequest("GET", "/", (("host", "shop.example"),), b"", "https", "203.0.113.7")


def body_of(result: dict[str, Any]) -> bytes:
    coded = result.get("isBase64Encoded") or result.get("bodyEncoding") == "base64"
    return base64.b64decode(result["body"]) if coded else result["body"].encode()


def answering(**settings: Any) -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(**settings)

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    return app


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("application/yaml", b"a: \xc3\xa9\n", True),
        ("application/openapi+yaml", b"a: 1\n", True),
        ("application/vnd.oai.openapi", b"openapi: 3.1.0\n", True),
        ("application/octet-stream", b"plain words \x00\x1f", True),
        ("application/pdf", b"%PDF-1.7 \xff\xfe", False),
        ("image/png", b"\x89PNG\r\n", False),
        ("text/html; charset=iso-8859-1", b"abc", False),
        ('application/json; charset="UTF-8"', b"{}", True),
    ],
)
def test_text_is_text_whatever_it_is_called(
    name: str, kind: str, body: bytes, text: bool, handler_of: HandlerOf, context: Any
) -> None:
    app = answering(body=body, headers={"Content-Type": kind})
    result = handler_of(app)(GATEWAYS[name].encode_request(GET), context)
    coded = result.get("isBase64Encoded", result.get("bodyEncoding") == "base64")
    assert coded is not text
    assert body_of(result) == body
    assert GATEWAYS[name].decode_result(json.loads(json.dumps(result))).body == body


def test_what_is_encoded_stays_bytes(handler_of: HandlerOf, context: Any) -> None:
    app = answering(body=b"abc", headers={"Content-Encoding": "br"})
    result = handler_of(app)(GATEWAYS["http-api"].encode_request(GET), context)
    assert result["isBase64Encoded"] is True


@pytest.mark.parametrize("name", NAMES)
def test_no_header_tells_of_the_server_s_versions_or_of_its_clock(
    name: str, handler_of: HandlerOf, context: Any
) -> None:
    result = handler_of(answering(text="x"))(GATEWAYS[name].encode_request(GET), context)
    told = json.dumps(result).lower()
    assert "aiohttp" not in told
    assert '"date"' not in told


def test_a_server_and_a_date_that_the_app_sets_are_told(
    handler_of: HandlerOf, context: Any
) -> None:
    date = "Sun, 23 Nov 2025 09:26:40 GMT"
    app = answering(text="x", headers={"Server": "shop", "Date": date})
    result = handler_of(app)(GATEWAYS["http-api"].encode_request(GET), context)
    assert (result["headers"]["server"], result["headers"]["date"]) == ("shop", date)


@pytest.mark.parametrize(
    ("name", "limit", "size"),
    [
        ("alb", 2**20, 1_048_000),
        ("alb-multi-value", 2**20, 1_048_000),
        ("edge", 2**20, 1_048_000),
        ("function-url", 6 * 2**20, 6_291_000),
    ],
)
def test_what_the_source_would_refuse_is_a_clear_error(
    name: str, limit: int, size: int, handler_of: HandlerOf, context: Any
) -> None:
    event = GATEWAYS[name].encode_request(GET)
    fits = handler_of(answering(text="x" * size))(event, context)
    assert len(body_of(fits)) == size
    large = handler_of(answering(text="x" * limit))(event, context)
    assert str(large.get("statusCode", large.get("status"))) == "500"
    assert f"takes {limit}" in json.loads(large["body"])["detail"]


def test_a_viewer_request_takes_less(handler_of: HandlerOf, context: Any) -> None:
    event = GATEWAYS["edge"].encode_request(GET)
    event["Records"][0]["cf"]["config"]["eventType"] = "viewer-request"
    large = handler_of(answering(text="x" * 41_000))(event, context)
    assert large["status"] == "500"
    assert "takes 40960" in json.loads(large["body"])["detail"]


def behind(name: str, target: str, /, **context: Any) -> dict[str, Any]:
    event = GATEWAYS[name].encode_request(GET._replace(target=target))
    event["requestContext"] |= context
    return event


@pytest.mark.parametrize(
    ("event", "base_path", "prefix"),
    [
        (behind("http-api", "/prod/session", stage="prod"), "", "/prod"),
        (behind("http-api", "/prod", stage="prod"), "", "/prod"),
        (behind("http-api", "/products", stage="prod"), "", ""),
        (behind("http-api-v1", "/prod/session", stage="prod"), "", "/prod"),
        (behind("rest-api", "/session", stage="prod", path="/prod/session"), "", "/prod"),
        (behind("rest-api", "/", stage="prod", path="/prod/"), "", "/prod"),
        (behind("rest-api", "/", stage="prod", path="/prod"), "", "/prod"),
        (behind("rest-api", "/session"), "", ""),
        (behind("http-api", "/session"), "", ""),
        (behind("function-url", "/session"), "", ""),
        (behind("http-api", "/shop/session"), "/shop", "/shop"),
        (behind("http-api", "/prod/shop/session", stage="prod"), "/shop", "/prod/shop"),
        (behind("rest-api", "/shop", path="/prod/shop"), "/shop", "/prod/shop"),
        (behind("http-api", "/shopping"), "/shop", ""),
        (GATEWAYS["alb"].encode_request(GET._replace(target="/shop/a")), "/shop", "/shop"),
    ],
)
def test_the_app_knows_where_it_is_mounted(
    event: dict[str, Any], base_path: str, prefix: str, context: Any
) -> None:
    async def answer(_: web.Request) -> web.Response:
        raise web.HTTPFound(f"{ferryman.prefix()}/login")

    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    handler = LambdaHandler(app, EnvironmentOptions(base_path=base_path))
    try:
        result = handler(event, context)
        assert ferryman.capabilities().base_path == base_path
    finally:
        handler.close()
    headers = result.get("headers") or {
        name: value[0] for name, value in result["multiValueHeaders"].items()
    }
    assert headers["location"] == f"{prefix}/login"


def test_off_lambda_nothing_stands_before_the_app() -> None:
    assert ferryman.prefix() == ""


def test_the_middleware_of_the_page_keeps_aiohttp_s_own_redirects_inside(
    handler_of: HandlerOf, context: Any, repository: Path
) -> None:
    page = (repository / "docs/how-to/lambda.md").read_text(encoding="utf-8")
    source = page.partition('```python title="mounted.py"\n')[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(source, names)
    handler = handler_of(names["create_app"])
    result = handler(behind("http-api", "/prod/login", stage="prod"), context)
    assert (result["statusCode"], result["headers"]["location"]) == (308, "/prod/login/")
    result = handler(behind("http-api", "/login"), context)
    assert (result["statusCode"], result["headers"]["location"]) == (308, "/login/")
