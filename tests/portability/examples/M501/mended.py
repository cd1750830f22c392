import asyncio

from aiohttp import web


async def show(request):
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo("localhost", 80)
    return web.Response(text=str(found[0][4][0]))


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
