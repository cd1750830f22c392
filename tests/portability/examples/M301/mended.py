from aiohttp import web
from database import Database

DATABASE = web.AppKey("database", Database)


async def show(request):
    return web.json_response(await request.app[DATABASE].count(request.path))


def create_app():
    app = web.Application()
    app[DATABASE] = Database()
    app.router.add_get("/", show)
    return app
