import os

from aiohttp import web


def count():
    child = os.fork()  # M511
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[1]


async def show(request):
    return web.json_response(count())


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
