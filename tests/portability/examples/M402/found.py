import tempfile

from aiohttp import web


def keep(name):
    with tempfile.NamedTemporaryFile("w", delete=False) as file:  # M402
        file.write(name)


async def order(request):
    keep("tea")
    return web.Response(text="kept")


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
