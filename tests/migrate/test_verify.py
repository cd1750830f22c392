"""Both sides, live, with the cookies of one session across them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from ferryman.core.errors import FerrymanError
from ferryman.migrate.parity import ParityRequest
from ferryman.migrate.verify import verify

Serve = Callable[[web.Application], Awaitable[Any]]


def side(secret: str) -> web.Application:
    async def sign_in(_: web.Request) -> web.Response:
        answer = web.Response(text="welcome")
        answer.set_cookie("session", f"ada.{secret}")
        return answer

    async def who(request: web.Request) -> web.Response:
        known = request.cookies.get("session") == f"ada.{secret}"
        return web.Response(text="ada" if known else "nobody", status=200 if known else 401)

    app = web.Application()
    app.router.add_post("/login", sign_in)
    app.router.add_get("/me", who)
    return app


LOGIN = ParityRequest("login", "POST", "/login", (), b"", None)
ME = ParityRequest("me", "GET", "/me", (), None, None)


async def test_a_session_is_known_to_both(aiohttp_server: Serve) -> None:
    sides = {n: str((await aiohttp_server(side("s"))).make_url("")) for n in ("old", "new")}
    found = await verify([LOGIN, ME], sides, unsafe=True)
    assert (found.sent, found.differences) == (2, ())


async def test_another_secret_is_found(aiohttp_server: Serve) -> None:
    sides = {n: str((await aiohttp_server(side(n))).make_url("")) for n in ("old", "new")}
    found = await verify([LOGIN, ME], sides, unsafe=True)
    assert {each.part for each in found.differences} >= {"status", "body"}


async def test_what_changes_something_is_not_sent(aiohttp_server: Serve) -> None:
    sides = {n: str((await aiohttp_server(side("s"))).make_url("")) for n in ("old", "new")}
    found = await verify([LOGIN, ME], sides)
    assert (found.sent, found.left_out) == (1, 1)


async def test_a_side_that_is_away_is_named(unused_tcp_port: int) -> None:
    with pytest.raises(FerrymanError, match="old does not answer"):
        await verify([ME], {"old": f"http://127.0.0.1:{unused_tcp_port}"})
