"""The parity table holds under aiohttp's own server."""

import base64
import tomllib
from collections import Counter
from pathlib import Path

from aiohttp import ClientSession, DummyCookieJar
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict
from yarl import URL

from postcards.app import create_app

TABLE = tomllib.loads((Path(__file__).parent.parent / "requests.toml").read_text("utf-8"))
REQUESTS = TABLE["request"]


def body_of(request: dict) -> bytes | None:
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"], validate=True)
    if "body_repeat" in request:
        text, times = request["body_repeat"]
        return text.encode() * times
    return request["body"].encode() if "body" in request else None


async def send_all() -> list[tuple[int, bytes, list[tuple[str, str]]]]:
    """Send the whole table to a fresh application."""
    answers = []
    async with (
        TestServer(create_app()) as server,
        ClientSession(
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as client,
    ):
        for request in REQUESTS:
            async with client.request(
                request["method"],
                URL(f"{server.make_url('')}".rstrip("/") + request["target"], encoded=True),
                headers=CIMultiDict(request.get("headers", [])),
                data=body_of(request),
                allow_redirects=False,
            ) as answer:
                headers = [pair for pair in answer.headers.items() if pair[0] != "Date"]
                answers.append((answer.status, await answer.read(), headers))
    return answers


def test_every_name_is_given_once():
    assert [name for name, n in Counter(one["name"] for one in REQUESTS).items() if n > 1] == []


async def test_every_request_gets_the_status_it_should():
    statuses = [status for status, _, _ in await send_all()]
    found = dict(zip([one["name"] for one in REQUESTS], statuses, strict=True))
    assert found == {one["name"]: one["status"] for one in REQUESTS}


async def test_two_fresh_applications_answer_alike():
    first, second = await send_all(), await send_all()
    for request, one, other in zip(REQUESTS, first, second, strict=True):
        assert one == other, request["name"]
