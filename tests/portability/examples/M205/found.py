from aiohttp import web
from aiojobs.aiohttp import setup, spawn  # M205


async def count(path):
    return len(path)


async def show(request):
    await spawn(request, count(request.path))
    return web.Response(text="counted soon")


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    setup(app)
    return app
