"""Sessions of aiohttp-session: two processes of one app, one cache, one visitor."""

from __future__ import annotations

from typing import Any

import aiohttp_session
import pytest
from aiohttp import web

from ferryman.cache import Cache, open_cache
from ferryman.cache.aiohttp_sessions import CacheStorage

# aiohttp-session keeps its session under a string.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

CACHE: web.AppKey[Cache] = web.AppKey("cache")


def app_with(cache: Cache, **settings: Any) -> web.Application:
    async def count(request: web.Request) -> web.Response:
        session = await aiohttp_session.get_session(request)
        session["visits"] = session.get("visits", 0) + 1
        return web.json_response(session["visits"])

    async def leave(request: web.Request) -> web.Response:
        (await aiohttp_session.get_session(request)).invalidate()
        return web.Response()

    app = web.Application()
    app[CACHE] = cache
    aiohttp_session.setup(app, CacheStorage(CACHE, **settings))
    app.router.add_get("/", count)
    app.router.add_post("/leave", leave)
    return app


@pytest.mark.parametrize("store_url", ["memory", "redis", "ministack"], indirect=True)
async def test_a_visitor_moves_between_two_processes(cache: Cache, aiohttp_client: Any) -> None:
    one = await aiohttp_client(app_with(cache, max_age=600))
    other = await aiohttp_client(app_with(cache, max_age=600))
    first = await one.get("/")
    assert await first.json() == 1
    cookie = {"AIOHTTP_SESSION": first.cookies["AIOHTTP_SESSION"].value}
    assert len(cookie["AIOHTTP_SESSION"]) > 40
    assert await (await other.get("/", cookies=cookie)).json() == 2
    assert 500 < await cache.ttl(f"session:{cookie['AIOHTTP_SESSION']}") <= 600
    await one.post("/leave", cookies=cookie)
    assert await cache.get(f"session:{cookie['AIOHTTP_SESSION']}") is None
    one.session.cookie_jar.clear()
    again = await one.get("/", cookies=cookie)
    assert await again.json() == 1
    assert again.cookies["AIOHTTP_SESSION"].value != cookie["AIOHTTP_SESSION"], "no fixed keys"


@pytest.mark.parametrize("planted", ["", "x" * 5000, "é", "chosen", "../other"])
async def test_no_visitor_chooses_a_key(planted: str, aiohttp_client: Any) -> None:
    async with open_cache("memory://") as cache:
        await cache.set("session:chosen", b"[no JSON")
        client = await aiohttp_client(app_with(cache))
        answer = await client.get("/", headers={"Cookie": f"AIOHTTP_SESSION={planted}"})
        assert await answer.json() == 1
        assert answer.cookies["AIOHTTP_SESSION"].value != planted
