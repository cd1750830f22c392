import asyncio

from aiohttp import web

LOCK = asyncio.Lock()  # M305


async def show(request):
    async with LOCK:
        return web.Response(text="one at a time")


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
