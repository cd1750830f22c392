"""The sample of requests in the log: what is kept of them, and above all what is not."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ferryman.core.recording import LOGGER, MARK, digest, record_requests, without_secrets


async def post(request: web.Request) -> web.Response:
    return web.Response(text=f"hello {(await request.read()).decode()}")


async def pieces(request: web.Request) -> web.Response:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"piece")
    return response


async def away(request: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/there?session_token=s3cret")


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/post", post)
    app.router.add_post("/pieces", pieces)
    app.router.add_get("/stream", stream)
    app.router.add_get("/away", away)
    return app


async def records(
    caplog: pytest.LogCaptureFixture, *requests: tuple[str, str], share: float = 1, **more: Any
) -> list[dict[str, Any]]:
    app = make_app()
    record_requests(app, share, bodies=more.pop("bodies", False))
    async with TestClient(TestServer(app)) as client:
        for method, target in requests:
            await client.request(method, target, allow_redirects=False, **more)
    found = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    return [json.loads(message.removeprefix(MARK)) for message in found]


async def test_no_secret_is_in_a_record(caplog: pytest.LogCaptureFixture) -> None:
    headers = {
        "Authorization": "Bearer s3cret",
        "Cookie": "session=s3cret",
        "X-Api-Key": "s3cret",
        "Accept-Language": "de",
    }
    found = await records(
        caplog,
        ("POST", "/post?q=shoes&access_token=s3cret&Key=s3cret"),
        ("GET", "/away"),
        headers=headers,
        data=b"password=s3cret",
    )
    assert "s3cret" not in json.dumps(found)
    assert "s3cret" not in caplog.text
    first, second = found
    assert first["target"] == "/post?q=shoes&access_token=&Key="
    assert first["headers"]["accept-language"] == "de"
    assert {"authorization", "cookie", "x-api-key"} <= set(first["other_headers"])
    assert first["body"] == {"size": 15}
    assert first["answer"] == digest(b"hello password=s3cret")
    assert (second["status"], second["location"]) == (303, "/there?session_token=")


async def test_bodies_are_kept_where_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    (found,) = await records(caplog, ("POST", "/post"), bodies=True, data=b"ada")
    assert (found["body"]["base64"], found["answer"]["base64"]) == ("YWRh", "aGVsbG8gYWRh")


async def test_a_body_that_is_read_in_pieces_reaches_the_app(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (found,) = await records(caplog, ("POST", "/pieces"), bodies=True, data=b"x" * 300_000)
    assert found["answer"] == {**digest(b"300000"), "base64": "MzAwMDAw"}
    assert found["body"] == {"size": 300_000}


async def test_a_stream_and_what_is_not_there_are_kept_as_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = await records(caplog, ("GET", "/stream"), ("GET", "/none"))
    assert (first["status"], first["answer"]) == (200, None)
    assert (second["status"], second["answer"]) == (404, digest(b"404: Not Found"))


async def test_a_part_of_the_requests_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    found = await records(caplog, *[("GET", "/none")] * 400, share=0.25)
    # Of 400 with a chance of a quarter, fewer than 50 or more than 155 come once in 10**8.
    assert 50 <= len(found) <= 155


async def test_by_default_nothing_is_kept_and_the_app_is_as_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    record_requests(app, 0)
    assert list(app.middlewares) == []
    assert await records(caplog, ("GET", "/none"), share=0) == []


async def test_a_frozen_app_is_left_alone_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = make_app()
    app.freeze()
    with caplog.at_level(logging.WARNING, LOGGER):
        record_requests(app, 0.5)
    assert "are not recorded" in caplog.text


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/a?b=1&c", "/a?b=1&c"),
        ("/a", "/a"),
        ("/a?p%61ssword=s", "/a?p%61ssword="),
        ("/a?" + "v=" + "x" * 65, "/a?v="),
        ("/a?X-Amz-Signature=s", "/a?X-Amz-Signature="),
        ("https://x.example/cb?code=s&state=t&page=2", "https://x.example/cb?code=&state=&page=2"),
    ],
)
def test_values_that_may_be_secret_are_left_out(target: str, kept: str) -> None:
    assert without_secrets(target)[0] == kept
