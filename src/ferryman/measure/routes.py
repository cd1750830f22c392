"""The routes that an app answers without being told more: a scenario of last resort."""

from __future__ import annotations

from aiohttp import web

from ferryman.core.errors import ConfigError
from ferryman.measure.request import Request, Scenario

__all__ = ("find_routes",)


def find_routes(app: web.Application) -> Scenario:
    """Return a GET of each path that has no variable in it, each as often as the others.

    Args:
        app: The application; it need not have been started.

    Raises:
        ConfigError: There is none.
    """
    found, skipped = {}, 0
    for route in app.router.routes():
        resource = route.resource
        if route.method != "GET" or resource is None:
            continue
        if isinstance(resource, web.PlainResource):
            found[resource.canonical] = Request("GET", str(resource.url_for()))
        else:
            skipped += 1
    if not found:
        raise ConfigError(
            "the app has no GET route without a variable",
            hint="write requests into a file and pass it by --scenario",
        )
    note = (
        f"no scenario: each of {len(found)} GET routes of the app is sent as often as the others,"
        f" {skipped} with variables are left out; --scenario says what really comes"
    )
    return Scenario("routes of the app", tuple(found.values()), (note,))
