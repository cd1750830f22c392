import asyncio

from aiohttp import web


async def report(request):
    async with asyncio.timeout(120):  # M105
        await asyncio.sleep(0)
    return web.Response(text="done")


def create_app():
    app = web.Application()
    app.router.add_get("/report", report)
    return app
