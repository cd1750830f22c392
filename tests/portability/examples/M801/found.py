from aiohttp import web
from database import connect


async def prepare(app):
    database = await connect()
    await database.execute("CREATE TABLE IF NOT EXISTS orders (name text)")  # M801


def create_app():
    app = web.Application()
    app.on_startup.append(prepare)
    return app
