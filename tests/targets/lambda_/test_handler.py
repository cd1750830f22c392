"""The handler that Lambda calls: one app, one loop, one environment."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest
from aiohttp import web

import ferryman
from ferryman import lambda_handler
from ferryman.core.context import current_context
from ferryman.core.errors import ConfigError
from ferryman.core.lifecycle import AppStartFailed
from ferryman.core.loader import AppModuleMissing, AppSource
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

Event = Callable[..., dict[str, Any]]
HandlerOf = Callable[[AppSource], LambdaHandler]


def app_with(handler: Callable[[web.Request], Any], path: str = "/") -> web.Application:
    app = web.Application()
    app.router.add_route("*", path, handler)
    return app


def test_the_app_starts_once_before_the_first_event_and_stops_at_close(
    event: Event, context: Any
) -> None:
    seen: list[str] = []

    async def resource(_: web.Application) -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    async def answer(_: web.Request) -> web.Response:
        seen.append("request")
        return web.Response()

    app = app_with(answer)
    app.cleanup_ctx.append(resource)
    handler = LambdaHandler(app)
    assert seen == ["start"]
    handler(event(), context)
    handler(event(), context)
    handler.close()
    assert seen == ["start", "request", "request", "stop"]


def test_every_event_runs_on_the_same_loop(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def answer(_: web.Request) -> web.Response:
        loops.append(asyncio.get_running_loop())
        return web.Response()

    handler = handler_of(app_with(answer))
    for _ in range(3):
        handler(event(), context)
    assert len(loops) == 3
    assert len(set(loops)) == 1


def test_an_async_factory_is_awaited(handler_of: HandlerOf, event: Event, context: Any) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="made")

    async def create() -> web.Application:
        await asyncio.sleep(0)
        return app_with(answer)

    assert handler_of(create)(event(), context)["body"] == "made"


def test_the_app_can_ask_what_is_known_of_the_request(
    handler_of: HandlerOf, event: Event, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3")

    async def answer(request: web.Request) -> web.Response:
        known = current_context.get()
        assert known is not None
        raw = ferryman.event(request)
        assert raw is not None
        return web.json_response(
            {
                "id": known.request_id,
                "trace": known.trace,
                "cold": known.cold_start,
                "remaining": ferryman.remaining_time(),
                "target": ferryman.capabilities().target,
                "stage": raw["requestContext"]["stage"],  # type: ignore[index]
                "remote": request.remote,
                "scheme": request.scheme,
            }
        )

    handler = handler_of(app_with(answer))
    first = json.loads(handler(event(), context)["body"])
    second = json.loads(handler(event(), context)["body"])
    assert 29 < first.pop("remaining") <= 30
    assert first == {
        "id": "request-1",
        "trace": "Root=1-2-3",
        "cold": True,
        "target": "lambda",
        "stage": "$default",
        "remote": "203.0.113.7",
        "scheme": "https",
    }
    assert second["cold"] is False


def test_outside_a_request_nothing_is_known() -> None:
    assert ferryman.remaining_time() is None
    assert current_context.get() is None


def test_requests_do_not_see_each_others_context(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")

    async def answer(request: web.Request) -> web.Response:
        before = user.get()
        user.set(request.query["as"])
        return web.Response(text=before)

    handler = handler_of(app_with(answer))
    handler(event("/?as=ada"), context)
    assert handler(event("/?as=bob"), context)["body"] == "nobody"


def test_a_handler_that_raises_is_a_500_and_its_traceback_stays_in_the_log(
    handler_of: HandlerOf, event: Event, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: web.Request) -> web.Response:
        raise RuntimeError("the database is gone")

    result = handler_of(app_with(answer))(event(), context)
    assert result["statusCode"] == 500
    assert "database" not in result["body"]
    assert "the database is gone" in caplog.text


def test_a_malformed_event_is_a_400_that_names_the_field(
    handler_of: HandlerOf, event: Event, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    with caplog.at_level(logging.WARNING):
        result = handler_of(app_with(answer))(event(body="%", isBase64Encoded=True), context)
    assert result["statusCode"] == 400
    assert result["headers"]["content-type"] == "application/problem+json"
    assert "body" in json.loads(result["body"])["detail"]
    assert "base64" in caplog.text


def test_a_stream_that_breaks_off_is_not_passed_for_whole(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half of it")
        raise RuntimeError("broke")

    result = handler_of(app_with(answer))(event(), context)
    assert result["statusCode"] == 500
    assert "half of it" not in result["body"]


def test_a_header_that_would_split_the_answer_is_a_500(
    handler_of: HandlerOf, event: Event, context: Any
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(headers={"X-Name": request.query["name"]})

    result = handler_of(app_with(answer))(event("/?name=a%0D%0ASet-Cookie:x=1"), context)
    assert result["statusCode"] == 500
    assert "x-name" not in result["headers"]


def test_an_app_that_fails_to_start_says_why(event: Event) -> None:
    async def fail(_: web.Application) -> None:
        raise OSError("no route to the database")

    app = web.Application()
    app.on_startup.append(fail)
    with pytest.raises(AppStartFailed, match="no route to the database"):
        lambda_handler(app)


@pytest.mark.parametrize("run", ["asyncio.run", "asyncio.get_event_loop().run_until_complete"])
def test_a_factory_may_run_an_event_loop_itself(
    handler_of: Any, event: Event, context: Any, run: str
) -> None:
    def make() -> web.Application:
        made: web.Application = eval(f"{run}(build())", {"asyncio": asyncio, "build": build})
        return made

    async def build() -> web.Application:
        async def answer(_: web.Request) -> web.Response:
            await asyncio.sleep(0)
            return web.Response(text="built")

        return app_with(answer)

    assert handler_of(make)(event("/"), context)["body"] == "built"


def test_a_reference_that_leads_nowhere_is_an_app_error() -> None:
    with pytest.raises(AppModuleMissing, match="no_such_module"):
        lambda_handler("no_such_module:app")


def test_without_a_source_the_baked_settings_name_the_app(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRYMAN_SETTINGS", str(tmp_path / "ferryman.json"))
    with pytest.raises(ConfigError, match=r"ferryman\.json"):
        lambda_handler()


@pytest.mark.parametrize(
    ("options", "headers", "expected"),
    [
        ({}, {}, ["/api/cards", "203.0.113.7"]),
        ({"base_path": "/api"}, {}, ["/cards", "203.0.113.7"]),
        ({"base_path": "/ap"}, {}, ["/api/cards", "203.0.113.7"]),
        (
            {"trusted_proxies": ("203.0.113.0/24",), "proxy": "nginx"},
            {"x-forwarded-for": "198.51.100.9, 203.0.113.8"},
            ["/api/cards", "198.51.100.9"],
        ),
        (
            {"trusted_proxies": ("10.0.0.0/8",), "proxy": ["X-Forwarded-For"]},
            {"x-forwarded-for": "198.51.100.9"},
            ["/api/cards", "203.0.113.7"],
        ),
    ],
)
def test_the_gateways_path_and_trusted_proxies_are_seen_through(
    event: Event,
    context: Any,
    options: dict[str, Any],
    headers: dict[str, str],
    expected: list[str],
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response([request.path, request.remote])

    handler = LambdaHandler(app_with(answer, "/{tail:.*}"), EnvironmentOptions(**options))
    try:
        result = handler(event("/api/cards", headers={"host": "example.org", **headers}), context)
        assert json.loads(result["body"]) == expected
    finally:
        handler.close()


@pytest.mark.parametrize("streaming", [False, True])
def test_the_app_is_told_whether_it_streams(streaming: bool) -> None:
    told = []

    def create() -> web.Application:
        told.append(ferryman.capabilities())
        return web.Application()

    LambdaHandler(create, EnvironmentOptions(streaming=streaming)).close()
    assert [offered.streaming for offered in told] == [streaming]
    assert ((told[0].response_limit or 0) > 6 * 2**20) is streaming
