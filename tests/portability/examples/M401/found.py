from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent


def keep(name):
    (HERE / "orders.txt").write_text(name)  # M401


async def order(request):
    keep("tea")
    return web.Response(text="kept")


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
