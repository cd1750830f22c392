"""The default scenario: the routes that need no parameters."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from ferryman.core.errors import ConfigError
from ferryman.measure.request import Request, Scenario

__all__ = ("find_routes",)

_FEW = 5


def find_routes(app: web.Application) -> Scenario:
    """Return a GET of each path without variables, with equal weights.

    Args:
        app: The application; it need not have been started.

    Raises:
        ConfigError: The app has no such path.
    """
    found, others = {}, []
    for route in app.router.routes():
        resource = route.resource
        if resource is None or route.method in ("HEAD", "OPTIONS"):
            continue
        if route.method == "GET" and isinstance(resource, web.PlainResource):
            found[resource.canonical] = Request("GET", str(resource.url_for()))
        else:
            others.append(route)
    if not found:
        raise _nothing_to_send(others)
    skipped = sum(route.method == "GET" for route in others)
    note = (
        f"no scenario: each of {len(found)} GET routes of the app is sent equally often, and"
        f" {skipped} with variables are left out; use --scenario for the real traffic"
    )
    return Scenario("routes of the app", tuple(found.values()), (note,))


def _nothing_to_send(routes: Iterable[web.AbstractRoute]) -> ConfigError:
    names = [f"{route.method} {route.resource.canonical}" for route in routes if route.resource]
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ConfigError(
        "the app has no GET route without a variable",
        cause=f"it has {', '.join(names[:_FEW])}{more}" if names else "it has no routes at all",
        hint='write a file with a [[request]] for each, such as method = "POST",'
        ' target = "/orders", body = "{}", and pass it by --scenario',
    )
