from aiohttp import web


async def show(request):
    return web.json_response({"next": "/page/2"})


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
