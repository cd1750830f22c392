from aiohttp import web
from database import count


async def show(request):
    return web.json_response(await count())


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
