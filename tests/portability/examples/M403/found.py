import sqlite3

from aiohttp import web


def count():
    with sqlite3.connect("file:shop?mode=memory", uri=True) as database:  # M403
        return database.execute("SELECT 1").fetchone()[0]


async def show(request):
    return web.json_response(count())


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
