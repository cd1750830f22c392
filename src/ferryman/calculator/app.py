"""Creates the application: two pages, the parts of each, and the upload of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic

from aiohttp import web

from ferryman.calculator.guard import add_headers, only_this_machine
from ferryman.calculator.page import AnyState, Page, policy, problem, whole_page
from ferryman.calculator.portfolio_page import PORTFOLIO_PAGE
from ferryman.calculator.portfolio_state import PortfolioState, read_portfolio
from ferryman.calculator.single_page import SINGLE_PAGE
from ferryman.calculator.state import State, read_state
from ferryman.calculator.upload import add_measured, receive, set_from_file
from ferryman.core.errors import FerrymanError

__all__ = ("create_app",)

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Calculator(Generic[AnyState]):
    """The handlers of one of the two pages.

    Attributes:
        page: The page.
        read: Returns the state in an address.
        usual: The state of the page if an address is wrong.
        load: Returns a state changed by an uploaded file.
        local: Whether only this machine can reach the page.
    """

    page: Page[AnyState]
    read: Callable[[Query], AnyState]
    usual: AnyState
    load: Callable[[AnyState, Path], AnyState]
    local: bool

    async def show(self, request: web.Request) -> web.Response:
        """Respond with the whole page for the state in its address."""
        try:
            state = self.read(_query(request))
        except FerrymanError as error:
            return self._failed(self.usual, error)
        try:
            whole = await asyncio.to_thread(whole_page, self.page, state, local=self.local)
            return _html(whole)
        except FerrymanError as error:
            return self._failed(state, error)

    async def show_first(self, request: web.Request) -> web.Response:
        """Respond with the part that is updated while the user moves a control."""
        return await self._part(request, self.page.first)

    async def show_second(self, request: web.Request) -> web.Response:
        """Respond with the part that is updated once the controls rest."""
        return await self._part(request, self.page.second)

    async def load_file(self, request: web.Request) -> web.Response:
        """Read an uploaded file, and redirect to the page with its figures."""
        try:
            state = self.read(_query(request))
            state = await receive(request, partial(self.load, state))
        except FerrymanError as error:
            return self._failed(self.usual, error)
        raise web.HTTPSeeOther(f"./?{state.query()}")

    async def _part(self, request: web.Request, make: Callable[[AnyState], str]) -> web.Response:
        try:
            return _html(await asyncio.to_thread(make, self.read(_query(request))))
        except FerrymanError as error:
            return _html(problem(error), 400)

    def _failed(self, state: AnyState, error: FerrymanError) -> web.Response:
        return _html(whole_page(self.page, state, local=self.local, failed=error), 400)


def create_app(*, local: bool = False) -> web.Application:
    """Create the application.

    Args:
        local: Whether only this machine can reach it. Then it accepts uploads, and refuses
            requests for other host names.
    """
    app = web.Application(middlewares=[only_this_machine] if local else [])
    app.on_response_prepare.append(add_headers(policy()))
    one = _Calculator(SINGLE_PAGE, read_state, State(), set_from_file, local)
    several = _Calculator(PORTFOLIO_PAGE, read_portfolio, PortfolioState(), add_measured, local)
    _add_routes(app, "/", one, one.show)
    _add_routes(app, "/portfolio/", several, partial(_show_several, several))
    return app


def _add_routes(app: web.Application, root: str, calculator: _Calculator[Any], show: Any) -> None:
    app.router.add_get(root, show)
    app.router.add_get(f"{root}first", calculator.show_first)
    app.router.add_get(f"{root}second", calculator.show_second)
    if calculator.local:
        app.router.add_post(f"{root}{calculator.page.upload.path}", calculator.load_file)


async def _show_several(
    several: _Calculator[PortfolioState], request: web.Request
) -> web.StreamResponse:
    """Respond with the page, or redirect to it with one application added or removed."""
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
