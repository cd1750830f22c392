"""What a client sees of a local function, through each event source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from tests.local.lambda_.functions import Log, own, plain

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.protocol import Gateway
from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.targets.protocols import Address

# A function that does what the query of a v1, v2 or load balancer's event says.
FAILING = """
import os, time

def handler(event, context):
    text = str(event.get("rawQueryString") or event.get("queryStringParameters")
        or event.get("multiValueQueryStringParameters"))
    if "raise" in text:
        raise ValueError("no")
    if "exit" in text:
        os._exit(1)
    if "hang" in text:
        time.sleep(60)
    if "nonsense" in text:
        return {"statusCode": "not a number"}
    if "big" in text:
        return {"statusCode": 200, "body": "x" * 7_000_000}
    return {"statusCode": 200, "body": "fine"}
"""
SOURCES = ("function-url", "http-api", "rest-api", "alb", "alb-multi-value")


@asynccontextmanager
async def served(
    settings: FunctionSettings, source: str
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    async with LocalFunction(settings, Log()) as function:
        runner = await start_front(function, Address("127.0.0.1", 0), source)
        host, port = runner.addresses[0][:2]
        try:
            async with aiohttp.ClientSession() as session:
                yield session, f"http://{host}:{port}"
        finally:
            await runner.cleanup()


@pytest.mark.parametrize("source", SOURCES)
async def test_each_fault_has_the_sources_own_answer(source: str, tmp_path: Path) -> None:
    settings = plain(tmp_path, source=FAILING, timeout=1.0, environments=1)
    fault = {"http-api": 500}.get(source, 502)
    async with served(settings, source) as (session, base):
        for query, status in {
            "fine": 200,
            "raise": fault,
            "exit": fault,
            "hang": fault,
            "nonsense": fault,
            "big": fault,
            "again": 200,
        }.items():
            async with session.get(f"{base}/?do={query}") as answer:
                assert (query, answer.status) == (query, status), await answer.text()


@pytest.mark.parametrize(
    ("source", "status", "body"),
    [
        ("function-url", 429, '{"Message": "Rate Exceeded."}'),
        ("http-api", 500, '{"message": "Internal Server Error"}'),
        ("rest-api", 500, '{"message": "Internal server error"}'),
        ("alb", 502, "<h1>502 Bad Gateway</h1>"),
    ],
)
async def test_a_refused_call_is_answered_in_the_sources_own_words(
    source: str, status: int, body: str, tmp_path: Path
) -> None:
    settings = plain(tmp_path, environments=0)
    async with served(settings, source) as (session, base), session.get(base) as answer:
        assert answer.status == status
        assert body in await answer.text()


@pytest.mark.parametrize(
    ("source", "status", "body"),
    [
        ("http-api", 503, '{"message": "Service Unavailable"}'),
        ("rest-api", 504, '{"message": "Endpoint request timed out"}'),
    ],
)
async def test_a_source_waits_no_longer_than_it_does(
    source: str, status: int, body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = GATEWAYS[source]
    impatient = gateway._replace(limits=gateway.limits._replace(seconds=0.5))
    monkeypatch.setitem(cast("dict[str, Gateway]", GATEWAYS), source, impatient)
    settings = plain(tmp_path, source=FAILING, timeout=2.0)
    async with served(settings, source) as (session, base):
        async with session.get(f"{base}/?do=fine") as answer:
            assert answer.status in (200, status)
        async with session.get(f"{base}/?do=hang") as answer:
            assert (answer.status, await answer.text()) == (status, body)


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("function-url", '{"Message": "Request Too Long"}'),
        ("rest-api", '{"message": "Request Too Long"}'),
        ("alb", "<h1>413 Request Entity Too Large</h1>"),
    ],
)
async def test_a_request_over_the_limit_never_reaches_the_function(
    source: str, body: str, tmp_path: Path
) -> None:
    async with served(plain(tmp_path, environments=0), source) as (session, base):
        async with session.post(base, data=BytesIO(bytes(7_000_000))) as answer:
            assert answer.status == 413
            assert body in await answer.text()
        # It fits, but not once it is base64.
        async with session.post(base, data=BytesIO(b"\xff" * 5_000_000)) as answer:
            assert answer.status == 413


@pytest.mark.parametrize(
    ("source", "streaming", "streams"),
    [
        ("function-url", True, True),
        ("function-url", "all", True),
        ("function-url", "rest", False),
        ("rest-api", "rest", True),
        ("rest-api", "all", True),
        # One that is not set up for streams would get the head of one, and no body.
        ("rest-api", True, False),
        ("http-api", "all", False),
    ],
)
async def test_a_stream_passes_where_it_was_asked_for(
    source: str, streaming: bool | str, streams: bool, tmp_path: Path
) -> None:
    async with served(own(tmp_path, streaming=streaming), source) as (session, base):
        async with session.get(f"{base}/drip") as answer:
            assert ("Content-Length" in answer.headers) is not streams
            assert (answer.status, await answer.text()) == (200, "one two three")
            assert answer.headers["X-Kind"] == "drip"
            assert answer.headers.getall("Content-Type") == ["text/event-stream"]
            assert [cookie[:3] for cookie in answer.headers.getall("Set-Cookie")] == ["a=1", "b=2"]
        async with session.get(base) as answer:
            assert await answer.text() == "hello"


@pytest.mark.parametrize("source", ["function-url", "rest-api"])
@pytest.mark.parametrize("status", [103, 1000])
async def test_a_status_that_ends_no_request_is_a_502(
    source: str, status: int, tmp_path: Path
) -> None:
    odd = f"""
from aiohttp import web

async def odd(request):
    return web.Response(status={status}, text="x")

def create_app():
    app = web.Application()
    app.router.add_get("/", odd)
    return app
"""
    for streaming in (False, True):
        async with (
            served(own(tmp_path, streaming, source=odd), source) as (session, base),
            session.get(base, timeout=aiohttp.ClientTimeout(20)) as answer,
        ):
            assert answer.status == 502


async def test_a_stream_that_breaks_off_does_not_look_whole(tmp_path: Path) -> None:
    async with served(own(tmp_path, streaming=True), "function-url") as (session, base):
        with pytest.raises(aiohttp.ClientError):
            async with session.get(f"{base}/drip?fail=1") as answer:
                await answer.read()
        async with session.get(base) as answer:
            assert await answer.text() == "hello"


async def test_a_plain_invocation_is_answered_as_by_lambdas_api(tmp_path: Path) -> None:
    async with served(plain(tmp_path), "function-url") as (session, base):
        url = f"{base}/2015-03-31/functions/function/invocations"
        async with session.post(url, json={"kind": "raise"}) as answer:
            assert (answer.status, answer.headers["X-Amz-Function-Error"]) == (200, "Unhandled")
            assert (await answer.json())["errorType"] == "ValueError"
        async with session.post(url, json={}) as answer:
            assert "X-Amz-Function-Error" not in answer.headers
        async with session.post(url, data=BytesIO(b'"' + b"x" * 6_300_000 + b'"')) as answer:
            assert answer.status == 413


async def test_fifty_environments_answer_at_once(tmp_path: Path) -> None:
    settings = plain(tmp_path, environments=50, init_timeout=60.0)
    async with served(settings, "function-url") as (session, base):

        async def get() -> int:
            async with session.get(base) as answer:
                return answer.status

        assert await asyncio.gather(*[get() for _ in range(50)]) == [200] * 50
