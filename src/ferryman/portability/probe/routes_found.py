"""The user's functions that an app leads to: handlers, middlewares, and those of its start."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractView
from aiohttp.hdrs import METH_ALL

from ferryman.portability.finding import Place
from ferryman.portability.probe.user_code import UserCode, callables, code_of

__all__ = ("all_apps", "handler_place", "handlers", "held_by_handlers", "starters")


def all_apps(app: web.Application) -> list[web.Application]:
    """Return an app and those inside of it."""
    return [app, *(inner for each in app._subapps for inner in all_apps(each))]


def _of_routes(app: web.Application) -> Iterator[Any]:
    """Yield what requests lead to: the handlers of all routes, and the middlewares."""
    for route in app.router.routes():
        yield route.handler
    for each in all_apps(app):
        yield from each.middlewares


def _functions(value: object) -> Iterator[Any]:
    """Yield the functions behind a handler, those of a class's methods too."""
    if isinstance(value, type) and issubclass(value, AbstractView):
        for method in METH_ALL:
            found = getattr(value, method.lower(), None)
            if found is not None:
                yield from callables(found)
        return
    yield from callables(value)


def handlers(code: UserCode, app: web.Application) -> list[Place]:
    """Return the first lines of all functions of the user's that requests lead to."""
    return _places(code, (each for value in _of_routes(app) for each in _functions(value)))


def starters(code: UserCode, app: web.Application, factory: object) -> list[Place]:
    """Return the first lines of the functions that run as the app is made and starts."""
    signals = [value for each in all_apps(app) for value in (*each.on_startup, *each.cleanup_ctx)]
    made = [factory] if callable(factory) and not isinstance(factory, web.Application) else []
    return _places(code, (each for value in (*made, *signals) for each in callables(value)))


def handler_place(code: UserCode, handler: object) -> Place | None:
    """Return the first line of a handler: of the function that its decorators lead to."""
    found = _places(code, _functions(handler))
    return found[-1] if found else None


def held_by_handlers(code: UserCode, app: web.Application) -> dict[str, object]:
    """Return what handlers keep besides the app: their objects, and what closures hold."""
    held: dict[str, object] = {}
    for value in _of_routes(app):
        for function in _functions(value):
            owner = getattr(function, "__self__", None)
            place = code_of(function)
            if owner is not None and code.owns(getattr(place, "co_filename", "<")):
                kind = type(owner)
                held.setdefault(f"{kind.__module__}.{kind.__name__}", owner)
            plain = getattr(function, "__func__", function)
            names = getattr(plain, "__code__", None)
            if names is None or not code.owns(names.co_filename):
                continue
            for name, cell in zip(names.co_freevars, plain.__closure__ or (), strict=False):
                try:
                    inner = cell.cell_contents
                except ValueError:
                    continue
                if not callable(inner) and not isinstance(inner, functools.partial):
                    named = plain.__qualname__.replace(".<locals>", "")
                    held.setdefault(f"{plain.__module__}.{named}.{name}", inner)
    return held


def _places(code: UserCode, functions: Iterator[Any]) -> list[Place]:
    found: dict[Place, None] = {}
    for function in functions:
        own = code_of(function)
        place = code.place(own) if own else None
        if place:
            found[place] = None
    return list(found)
