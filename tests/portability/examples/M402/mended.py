import tempfile

from aiohttp import web


def count(name):
    with tempfile.NamedTemporaryFile("w") as file:
        return file.write(name)


async def order(request):
    return web.Response(text=str(count("tea")))


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
