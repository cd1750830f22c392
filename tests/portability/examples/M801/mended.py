from aiohttp import web
from database import connect


async def prepare(app):
    database = await connect()
    await database.execute("SELECT 1 FROM orders LIMIT 1")


def create_app():
    app = web.Application()
    app.on_startup.append(prepare)
    return app
