"""Short links, with accounts in a signed cookie."""

import hmac
import logging
import os

import aiohttp
from aiohttp import web

from shortener.links import Links

routes = web.RouteTableDef()
log = logging.getLogger("shortener")

KEY = os.environ.get("SHORTENER_KEY", "for development").encode()
LINKS = web.AppKey("links", Links)


def sign(name):
    return f"{name}.{hmac.new(KEY, name.encode(), 'sha256').hexdigest()}"


def user_of(request):
    name, _, _ = request.cookies.get("user", "").rpartition(".")
    return name if hmac.compare_digest(sign(name), request.cookies.get("user", "")) else ""


def members_only(handler):
    async def guarded(request):
        if not user_of(request):
            raise web.HTTPFound("/login")
        return await handler(request)

    return guarded


@routes.get("/")
async def home(request):
    return web.Response(text=f"hello {user_of(request) or 'stranger'}")


@routes.get("/login")
async def log_in(request):
    answer = web.Response(text="signed in")
    answer.set_cookie("user", sign("ada"), httponly=True, samesite="Lax")
    return answer


@routes.get("/mine")
@members_only
async def mine(request):
    return web.json_response({"user": user_of(request)})


@routes.post("/")
@members_only
async def add(request):
    form = await request.post()
    name = await request.app[LINKS].add(str(form["address"]))
    log.info("added %s", name)
    return web.json_response({"link": f"/{name}"}, status=201)


@routes.get("/{name:[0-9a-f]{8}}")
async def follow(request):
    address = await request.app[LINKS].get(request.match_info["name"])
    if address is None:
        raise web.HTTPNotFound
    raise web.HTTPFound(address)


async def open_links(app):
    async with aiohttp.ClientSession() as session:
        app[LINKS] = Links(session, os.environ.get("LINKS_URL", "https://links.example"))
        yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(open_links)
    app.add_routes(routes)
    return app
