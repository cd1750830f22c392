import asyncio

from aiohttp import web


async def show(request):
    process = await asyncio.create_subprocess_exec("true")  # M512
    return web.json_response(await process.wait())


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
