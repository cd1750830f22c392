"""Puts the application together: the page, its two parts, and the reading of a log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from ferryman.calculator.guard import add_headers, only_this_machine
from ferryman.calculator.page import first_part, page, policy, problem, second_part
from ferryman.calculator.state import State, read_state
from ferryman.calculator.upload import receive_log
from ferryman.core.errors import FerrymanError

__all__ = ("create_app",)

LOCAL = web.AppKey("local", bool)


def create_app(*, local: bool = False) -> web.Application:
    """Make the application.

    Args:
        local: Whether it is served to this machine alone. Then it answers to no other name,
            and reads logs.
    """
    app = web.Application(middlewares=[only_this_machine] if local else [])
    app[LOCAL] = local
    app.on_response_prepare.append(add_headers(policy()))
    app.router.add_get("/", show_page)
    app.router.add_get("/first", show_first)
    app.router.add_get("/second", show_second)
    if local:
        app.router.add_post("/log", read_log)
    return app


async def show_page(request: web.Request) -> web.Response:
    """Answer with the whole page, as its address asks for it."""
    local = request.app[LOCAL]
    try:
        state = _state(request)
    except FerrymanError as error:
        return _html(page(State(), local=local, failed=error), 400)
    try:
        return _html(await asyncio.to_thread(page, state, local=local))
    except FerrymanError as error:
        return _html(page(state, local=local, failed=error), 400)


async def show_first(request: web.Request) -> web.Response:
    """Answer with the part that follows the sliders."""
    return await _show_part(request, first_part)


async def show_second(request: web.Request) -> web.Response:
    """Answer with the part that follows when they rest."""
    return await _show_part(request, second_part)


async def _show_part(request: web.Request, make: Callable[[State], str]) -> web.Response:
    try:
        return _html(await asyncio.to_thread(make, _state(request)))
    except FerrymanError as error:
        return _html(problem(error), 400)


async def read_log(request: web.Request) -> web.Response:
    """Read a log that the browser sends, and lead to the page that it sets."""
    try:
        state = await receive_log(request, _state(request))
    except FerrymanError as error:
        return _html(page(State(), local=True, failed=error), 400)
    raise web.HTTPSeeOther(f"./?{state.query()}")


def _state(request: web.Request) -> State:
    return read_state({name: request.query.getall(name) for name in request.query})


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)
