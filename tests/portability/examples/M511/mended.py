import asyncio

from aiohttp import web


def count():
    return 0


async def show(request):
    return web.json_response(await asyncio.to_thread(count))


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
