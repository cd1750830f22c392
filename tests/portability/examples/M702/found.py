from aiohttp import web


async def show(request):
    return web.json_response({"next": "http://localhost:8080/page/2"})  # M702


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
