import time

from aiohttp import web


async def tick(request):
    return web.Response(text=f"{time.time():.0f}\n")


def create_app():
    app = web.Application()
    app.router.add_get("/tick", tick)
    return app
