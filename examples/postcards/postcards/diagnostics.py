"""Routes that show how a request arrived, and how the application fails."""

import asyncio
from hashlib import sha256

from aiohttp import web

SHOWN = ("Accept-Language", "Content-Type", "Content-Encoding", "X-Postmark")

routes = web.RouteTableDef()


@routes.route("*", "/echo/{tail:.*}")
async def echo(request: web.Request) -> web.Response:
    """Show a request as the application sees it, whatever carried it here.

    A header that was sent twice means the same as one with a comma in it (RFC 9110,
    section 5.3), and a carrier may turn one into the other: they are shown alike.
    """
    body = await request.read()
    headers = [
        (name, part.strip())
        for name in SHOWN
        for value in request.headers.getall(name, ())
        for part in value.split(",")
    ]
    return web.json_response(
        {
            "method": request.method,
            "scheme": request.scheme,
            "raw_path": request.raw_path,
            "path": request.path,
            "path_qs": request.path_qs,
            "tail": request.match_info["tail"],
            "query": list(request.query.items()),
            "headers": headers,
            "cookies": sorted(request.cookies.items()),
            "body": {"length": len(body), "sha256": sha256(body).hexdigest()},
        }
    )


@routes.get("/failure")
async def fail(_request: web.Request) -> web.Response:
    """Raise what nobody foresaw."""
    raise RuntimeError("the postman fell off his bicycle")


@routes.get("/timeout")
async def wait_in_vain(_request: web.Request) -> web.Response:
    """Wait for something that never comes, but not for long."""
    async with asyncio.timeout(0.01):
        await asyncio.Event().wait()
    raise AssertionError("unreachable")
