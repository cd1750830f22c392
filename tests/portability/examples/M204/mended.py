import asyncio

from aiohttp import web


def resize():
    return "small"


async def picture(request):
    return web.Response(text=await asyncio.to_thread(resize))


def create_app():
    app = web.Application()
    app.router.add_get("/picture", picture)
    return app
