from aiohttp import web

VISITS = web.AppKey("visits", dict)


async def show(request):
    visits = request.app[VISITS]
    visits[request.path] = visits.get(request.path, 0) + 1  # M301
    return web.json_response(visits)


def create_app():
    app = web.Application()
    app[VISITS] = {}
    app.router.add_get("/", show)
    return app
