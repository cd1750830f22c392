import asyncio

from aiohttp import web

LOCK = web.AppKey("lock", asyncio.Lock)


async def show(request):
    async with request.app[LOCK]:
        return web.Response(text="one at a time in this process")


async def make_lock(app):
    app[LOCK] = asyncio.Lock()
    yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(make_lock)
    app.router.add_get("/", show)
    return app
