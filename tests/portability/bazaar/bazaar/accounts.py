"""Signing in."""

import functools
import secrets

from aiohttp import web

routes = web.RouteTableDef()
sessions = {}
SIGNING_KEY = secrets.token_hex(32)  # M304


def signed_in(handler):
    @functools.wraps(handler)
    async def guarded(request):
        if request.cookies.get("sid") not in sessions:
            raise web.HTTPForbidden
        return await handler(request)

    return guarded


@routes.post("/login")
async def log_in(request):
    sid = secrets.token_hex(16) + SIGNING_KEY[:2]
    sessions[sid] = {"name": "ada"}  # M303
    answer = web.json_response({})
    answer.set_cookie("sid", sid)
    return answer


@routes.get("/account")
@signed_in
async def account(request):
    return web.json_response(sessions[request.cookies["sid"]])
