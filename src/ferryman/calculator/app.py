"""Puts the application together: two pages, the parts of each, and the reading of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from aiohttp import web

from ferryman.calculator.guard import add_headers, only_this_machine
from ferryman.calculator.page import first_part, page, policy, problem, second_part
from ferryman.calculator.portfolio_page import (
    first_portfolio_part,
    portfolio_page,
    second_portfolio_part,
)
from ferryman.calculator.portfolio_state import PortfolioState, read_portfolio
from ferryman.calculator.state import State, read_state
from ferryman.calculator.upload import add_measured, receive, set_from_file
from ferryman.core.errors import FerrymanError

__all__ = ("create_app",)


class _Addressed(Protocol):
    def query(self) -> str:
        """Return the state as the query of an address."""


Set = TypeVar("Set", bound=_Addressed)
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Calculator(Generic[Set]):
    """One of the two pages.

    Attributes:
        read: Returns what an address sets it to.
        usual: What it is set to where an address is wrong.
        page: Returns all of it.
        first: Returns the part that follows the controls.
        second: Returns the part that follows when they rest.
        load: Returns what a file sets it to.
        local: Whether it is served to this machine alone.
    """

    read: Callable[[Query], Set]
    usual: Set
    page: Callable[..., str]
    first: Callable[[Set], str]
    second: Callable[[Set], str]
    load: Callable[[Set, Path], Set]
    local: bool

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the whole page, as its address asks for it."""
        try:
            state = self.read(_query(request))
        except FerrymanError as error:
            return self._failed(self.usual, error)
        try:
            return _html(await asyncio.to_thread(self.page, state, local=self.local))
        except FerrymanError as error:
            return self._failed(state, error)

    async def show_first(self, request: web.Request) -> web.Response:
        """Answer with the part that follows the controls."""
        return await self._part(request, self.first)

    async def show_second(self, request: web.Request) -> web.Response:
        """Answer with the part that follows when they rest."""
        return await self._part(request, self.second)

    async def load_file(self, request: web.Request) -> web.Response:
        """Read a file that the browser sends, and lead to the page that it sets."""
        try:
            state = self.read(_query(request))
            state = await receive(request, partial(self.load, state))
        except FerrymanError as error:
            return self._failed(self.usual, error)
        raise web.HTTPSeeOther(f"./?{state.query()}")

    async def _part(self, request: web.Request, make: Callable[[Set], str]) -> web.Response:
        try:
            return _html(await asyncio.to_thread(make, self.read(_query(request))))
        except FerrymanError as error:
            return _html(problem(error), 400)

    def _failed(self, state: Set, error: FerrymanError) -> web.Response:
        return _html(self.page(state, local=self.local, failed=error), 400)


def create_app(*, local: bool = False) -> web.Application:
    """Make the application.

    Args:
        local: Whether it is served to this machine alone. Then it answers to no other name,
            and reads files.
    """
    app = web.Application(middlewares=[only_this_machine] if local else [])
    app.on_response_prepare.append(add_headers(policy()))
    one = _Calculator(read_state, State(), page, first_part, second_part, set_from_file, local)
    several = _Calculator(
        read_portfolio,
        PortfolioState(),
        portfolio_page,
        first_portfolio_part,
        second_portfolio_part,
        add_measured,
        local,
    )
    _add_routes(app, "/", one, one.show, "file")
    _add_routes(app, "/portfolio/", several, partial(_show_several, several), "measured")
    return app


def _add_routes(
    app: web.Application, root: str, made: _Calculator[Any], show: Any, file: str
) -> None:
    app.router.add_get(root, show)
    app.router.add_get(f"{root}first", made.show_first)
    app.router.add_get(f"{root}second", made.show_second)
    if made.local:
        app.router.add_post(f"{root}{file}", made.load_file)


async def _show_several(
    several: _Calculator[PortfolioState], request: web.Request
) -> web.StreamResponse:
    """Answer with the page, or lead to it with one application more or less."""
    add, remove = "add" in request.query, request.query.get("remove", "")
    if not (add or remove):
        return await several.show(request)
    try:
        state = several.read(_query(request))
    except FerrymanError:
        return await several.show(request)
    changed = state.with_new_app() if add else state.without_app(_whole(remove))
    raise web.HTTPSeeOther(f"./?{changed.query()}")


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _query(request: web.Request) -> Query:
    return {name: request.query.getall(name) for name in request.query}


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)
