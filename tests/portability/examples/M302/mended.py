from aiohttp import web
from database import add_order


async def order(request):
    return web.json_response(await add_order(request.path))


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
