"""Who may send requests, and the security headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from aiohttp import web
from yarl import URL

__all__ = ("add_headers", "only_this_machine")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a name that is not this machine's, and a form that another site sends.

    A site may have its own name lead to 127.0.0.1 and so pass for this page in a browser
    (DNS rebinding); the Host header is then that name.
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
    """Return a signal that names the policy, and keeps the address of the page to itself."""

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
