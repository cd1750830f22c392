"""A browser's recording: read as it is, and sent to both sides with one session."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.migrate.test_verify import side

from ferryman.core.errors import ConfigError
from ferryman.migrate.bodies import read_bodies
from ferryman.migrate.har import read_har
from ferryman.migrate.verify import verify

Serve = Callable[[web.Application], Awaitable[Any]]


def entry(method: str, url: str, status: int = 200, **more: Any) -> dict[str, Any]:
    headers = [
        {"name": "Accept", "value": "text/html"},
        {"name": "Host", "value": "shop.example.com"},
        {"name": ":authority", "value": "shop.example.com"},
        {"name": "Content-Length", "value": "3"},
    ]
    content = {"size": more.pop("size", 0), "mimeType": more.pop("type", "text/html")}
    request = {"method": method, "url": url, "headers": headers, "bodySize": -1, **more}
    return {"request": request, "response": {"status": status, "content": content}}


def recording(path: Path, *entries: dict[str, Any]) -> Path:
    # Some browsers begin the file with a byte order mark.
    path.write_text("\ufeff" + json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


def test_requests_are_those_of_the_recording(tmp_path: Path) -> None:
    path = recording(
        tmp_path / "r.har",
        entry("GET", "https://shop.example.com/a%2Fb?q=%C3%A9&x=1#top", 304),
        entry("POST", "https://shop.example.com/p", postData={"text": "a=é"}),
        entry("PUT", "https://shop.example.com/i", postData={"text": "/w==", "encoding": "base64"}),
    )
    first, second, third = read_har(path)
    assert (first.method, first.target, first.status) == ("GET", "/a%2Fb?q=%C3%A9&x=1", 304)
    assert first.headers == (("Accept", "text/html"),)
    assert (second.body, third.body) == ("a=é".encode(), b"\xff")


def test_sizes_and_streams_are_told(tmp_path: Path) -> None:
    path = recording(
        tmp_path / "r.har",
        entry("GET", "https://x/export", size=2_000_000),
        entry("GET", "https://x/news", type="text/event-stream; charset=utf-8"),
        entry("POST", "https://x/up", postData={"text": "x" * 5000}, size=10),
    )
    assert [(b.request, b.size, b.streamed) for b in read_bodies(path)] == [
        ("GET /export", 2_000_000, False),
        ("GET /news", 0, True),
        ("POST /up", 5000, False),
    ]


async def test_a_session_that_was_recorded_goes_to_both_sides(
    aiohttp_server: Serve, tmp_path: Path
) -> None:
    path = recording(
        tmp_path / "r.har",
        entry("POST", "https://shop.example.com/login"),
        entry("GET", "https://shop.example.com/me"),
    )
    for secrets, alike in ((("s", "s"), True), (("s", "t"), False)):
        sides = {
            name: str((await aiohttp_server(side(secret))).make_url(""))
            for name, secret in zip(("old", "new"), secrets, strict=True)
        }
        found = await verify(read_har(path), sides, unsafe=True)
        assert (found.sent, not found.differences) == (2, alike)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"log": {}}', '{"log": {"entries": [{}]}}', '{"log": {"entries": 3}}']
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.har"
    path.write_text(text)
    with pytest.raises(ConfigError, match="cannot be read as a HAR file"):
        read_har(path)
