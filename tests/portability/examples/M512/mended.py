import zlib

from aiohttp import web


async def show(request):
    return web.Response(body=zlib.compress(b"in Python"))


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
