from aiohttp import web


async def show(request):
    return web.Response(text=f"you are {request.remote}")  # M701


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
