"""Refuses requests from elsewhere, and adds security headers to every response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from aiohttp import web
from yarl import URL

__all__ = ("add_headers", "only_this_machine")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests for another host name, and forms from another site.

    A site may let its own name resolve to 127.0.0.1, so that a browser takes this page for a part
    of that site (DNS rebinding). The Host header then has the site's name.
    """
    if not _is_loopback(request.host):
        raise web.HTTPForbidden(text="This page answers to localhost alone.\n")
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="This form was sent from another site.\n")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    try:
        name = URL(f"http://{host}").host or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def add_headers(policy: str) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return a handler of the signal `on_response_prepare` that sets the security headers."""

    async def add(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(
            {
                "Content-Security-Policy": policy,
                "Referrer-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Cache-Control": "no-store",
            }
        )

    return add
