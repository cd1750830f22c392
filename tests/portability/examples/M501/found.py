import socket

from aiohttp import web


async def show(request):
    return web.Response(text=socket.gethostbyname("localhost"))  # M501


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
