from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from ferryman.core.access import AccessRecord, access_record, route_template


async def received(method: str, target: str, body: bytes = b"") -> AccessRecord:
    """Return the record of one request to a small app."""
    records: list[AccessRecord] = []

    class Recorder(AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            records.append(access_record(request, response, time))

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="four")

    app = web.Application()
    app.router.add_route("*", "/cards/{number}", answer)
    server = TestServer(app)
    await server.start_server(
        access_log_class=Recorder, access_log=logging.getLogger("ferryman.access")
    )
    async with TestClient(server) as client:
        headers = {"User-Agent": "reader", "Authorization": "Bearer s3cret", "Cookie": "s3cret=1"}
        response = await client.request(method, target, data=body, headers=headers)
        await response.read()
    (record,) = records
    return record


async def test_a_record_says_what_was_asked_and_answered() -> None:
    record = await received("POST", "/cards/7?token=s3cret", b"abc")
    assert record._replace(duration=0, response_bytes=0) == AccessRecord(
        "POST", "/cards/7", "/cards/{number}", 200, 0, 3, 0, "127.0.0.1", "reader"
    )
    assert record.duration > 0
    assert record.response_bytes > len("four")
    assert "s3cret" not in repr(record)


async def test_a_path_that_no_route_matches_has_no_route() -> None:
    record = await received("GET", "/elsewhere/7")
    assert (record.route, record.status, record.request_bytes) == (None, 404, 0)


async def test_what_the_app_never_saw_has_no_route() -> None:
    request = make_mocked_request("GET", "/cards/7")
    request._match_info = None
    request.__dict__.pop("match_info", None)
    assert route_template(request) is None
