"""Finds the user's functions that an app calls: handlers, middlewares, and functions at start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractView
from aiohttp.hdrs import METH_ALL

from ferryman.portability.finding import Place
from ferryman.portability.probe.user_code import UserCode, callables, code_of

__all__ = ("all_apps", "handler_place", "handlers", "held_by_handlers", "starters")


def all_apps(app: web.Application) -> list[web.Application]:
    """Return an app and its sub-apps, at all levels."""
    return [app, *(inner for each in app._subapps for inner in all_apps(each))]


def _of_routes(app: web.Application) -> Iterator[Any]:
    """Yield the handlers of all routes, and the middlewares."""
    for route in app.router.routes():
        yield route.handler
    for each in all_apps(app):
        yield from each.middlewares


def _functions(value: object) -> Iterator[Any]:
    """Yield the functions behind a handler; a view has one for each HTTP method."""
    if isinstance(value, type) and issubclass(value, AbstractView):
        for method in METH_ALL:
            handler = getattr(value, method.lower(), None)
            if handler is not None:
                yield from callables(handler)
        return
    yield from callables(value)


def handlers(code: UserCode, app: web.Application) -> list[Place]:
    """Return the first lines of the user's functions that handle requests."""
    return _places(code, (each for value in _of_routes(app) for each in _functions(value)))


def starters(code: UserCode, app: web.Application, factory: object) -> list[Place]:
    """Return the first lines of the user's functions that create and start the app."""
    signals = [value for each in all_apps(app) for value in (*each.on_startup, *each.cleanup_ctx)]
    made = [factory] if callable(factory) and not isinstance(factory, web.Application) else []
    return _places(code, (each for value in (*made, *signals) for each in callables(value)))


def handler_place(code: UserCode, handler: object) -> Place | None:
    """Return the first line of a handler's innermost function, below its decorators."""
    places = _places(code, _functions(handler))
    return places[-1] if places else None


def held_by_handlers(code: UserCode, app: web.Application) -> dict[str, object]:
    """Return the values that handlers hold, by a label: their objects, and their closures."""
    held: dict[str, object] = {}
    for value in _of_routes(app):
        for function in _functions(value):
            owner = getattr(function, "__self__", None)
            if owner is not None and code.owns(getattr(code_of(function), "co_filename", "<")):
                kind = type(owner)
                held.setdefault(f"{kind.__module__}.{kind.__name__}", owner)
            plain = getattr(function, "__func__", function)
            own = getattr(plain, "__code__", None)
            if own is None or not code.owns(own.co_filename):
                continue
            for name, cell in zip(own.co_freevars, plain.__closure__ or (), strict=False):
                try:
                    inner = cell.cell_contents
                except ValueError:  # a variable that is not assigned yet
                    continue
                if not callable(inner):
                    qualified = plain.__qualname__.replace(".<locals>", "")
                    held.setdefault(f"{plain.__module__}.{qualified}.{name}", inner)
    return held


def _places(code: UserCode, functions: Iterator[Any]) -> list[Place]:
    places = (code.place(own) for function in functions if (own := code_of(function)))
    return list(dict.fromkeys(filter(None, places)))
